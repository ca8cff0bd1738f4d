#!/bin/sh
# Builds every committed artefact of this folder from its sources: ./build.sh [FOLDER...]
# Run from anywhere; needs the tools that README.md names. Running it again changes nothing.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C SOURCE_DATE_EPOCH=0

OPT="-Os -std=gnu11 -Wall -Wextra -Werror -ffunction-sections -fdata-sections -fcommon -Icommon"

# LLD as the Rust toolchain ships it: Debian 12's own (14) has no --print-memory-usage yet.
lld() {
    "${LLD:-$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/gcc-ld/ld.lld}" "$@"
}

# objects DIR COMPILER FLAGS... -- SOURCE...: compiles into obj/DIR, leaves the names in $OBJECTS.
objects() {
    dir=$1 compiler=$2 flags=
    shift 2
    while [ "$1" != -- ]; do
        flags="$flags $1"
        shift
    done
    shift
    mkdir -p "obj/$dir"
    OBJECTS=
    for source; do
        object="obj/$dir/$(basename "${source%.*}").o"
        # shellcheck disable=SC2086 # flags is a list.
        $compiler $OPT -I"$dir" $flags -c "$source" -o "$object"
        OBJECTS="$OBJECTS $object"
    done
}

# region_json PRINT: the linker's --print-memory-usage table as JSON lines, units as bytes.
region_json() {
    awk '
        function bytes(n, unit) {
            return n * (unit == "GB" ? 1073741824 : unit == "MB" ? 1048576 : unit == "KB" ? 1024 : 1)
        }
        /^ *[^ :]+: +[0-9]+ (B|KB|MB|GB) +[0-9]+ (B|KB|MB|GB) / {
            sub(":", "", $1)
            printf "%s        { \"name\": \"%s\", \"used\": %.0f, \"size\": %.0f }", (n++ ? ",\n" : ""), $1, bytes($2, $3), bytes($4, $5)
        }
        END { print ""; if (!n) exit 1 }' "$1"
}

# link_json DIR NAME LINKER ELF MAP SCRIPTS PRINT: one entry of expected.json ("" for a file that is not there).
link_json() {
    printf '    {\n      "name": "%s",\n      "linker": "%s",\n' "$2" "$3"
    [ -z "$4" ] || printf '      "elf": "%s",\n' "$4"
    printf '      "map": "%s",\n      "scripts": [' "$5"
    comma=
    for script in $6; do
        printf '%s"%s"' "$comma" "$script"
        comma=', '
    done
    printf '],\n      "print": "%s",\n' "$7"
    # A failed link says by how much each region overflowed.
    overflow=$(sed -n "s/.*region [\`']\\([^']*\\)' overflowed by \\([0-9]*\\) bytes\$/        { \"region\": \"\\1\", \"bytes\": \\2 }/p" "$1/$7")
    if [ -n "$overflow" ]; then
        printf '      "overflow": [\n%s\n      ],\n' "$(printf '%s\n' "$overflow" | sed '$!s/$/,/')"
    fi
    printf '      "regions": [\n'
    region_json "$1/$7"
    printf '      ]\n    }'
}

# expect DIR TEXT < ENTRIES: writes expected.json.
expect() {
    {
        printf '{\n  "about": "%s",\n  "links": [\n' "$2"
        cat
        printf '\n  ]\n}\n'
    } >"$1/expected.json"
}

version() { "$1" --version | sed -n '1s/^\(GNU ld\|LLD\) *\(([^)]*)\)* *\([0-9.]*\).*/\1 \3/p'; }

# one_link DIR COMPILER TEXT SCRIPTS FLAGS...: a firmware with one GNU link, from $OBJECTS.
one_link() {
    dir=$1 compiler=$2 text=$3 scripts=$4
    shift 4
    for script in $scripts; do
        set -- "$@" -T "$dir/$script"
    done
    # shellcheck disable=SC2086 # OBJECTS is a list.
    $compiler "$@" $OBJECTS -Wl,--gc-sections,--cref,--strip-debug,--print-memory-usage,-Map="$dir/firmware.map" \
        -o "$dir/firmware.elf" -lgcc >"$dir/memory-usage.txt"
    link_json "$dir" firmware "$(version "${compiler%-gcc}-ld")" firmware.elf firmware.map "$scripts" memory-usage.txt |
        expect "$dir" "$text"
}

build_stm32() {
    flags="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"
    gcc=arm-none-eabi-gcc
    objects stm32 $gcc $flags -- common/spectrum.c common/palette.c common/crashlog.c
    rm -f obj/stm32/libnode.a
    # shellcheck disable=SC2086 # OBJECTS is a list.
    arm-none-eabi-ar rcsD obj/stm32/libnode.a $OBJECTS
    objects stm32 $gcc $flags -- stm32/startup.c stm32/board.c common/main.c common/strip.c
    OPT='-Os -std=gnu++17 -Wall -Wextra -Werror -ffunction-sections -fdata-sections -Icommon' \
        cxx_objects stm32 arm-none-eabi-g++ $flags -fno-exceptions -fno-rtti -fno-threadsafe-statics -- stm32/effects.cpp
    inputs="$OBJECTS obj/stm32/libnode.a"

    # shellcheck disable=SC2086 # lists.
    gnu() {
        $gcc $flags -nostartfiles --specs=nano.specs "$@" $inputs -Wl,--gc-sections,--cref,--strip-debug,--print-memory-usage
    }
    gnu -T stm32/memory.ld -T stm32/sections.ld -Wl,-Map=stm32/firmware.map -o stm32/firmware.elf >stm32/memory-usage.txt
    # The same objects and scripts through the other linker.
    # shellcheck disable=SC2086 # lists.
    lld -T stm32/memory.ld -T stm32/sections.ld -O2 -z max-page-size=4096 --gc-sections --strip-debug --print-memory-usage -Map=stm32/firmware-lld.map \
        -o stm32/firmware-lld.elf $inputs --start-group "$($gcc $flags -print-file-name=libc_nano.a)" \
        "$($gcc $flags -print-file-name=libgcc.a)" --end-group >stm32/memory-usage-lld.txt
    # A part too small: no ELF, but a map, and the linker's complaint.
    if gnu -T stm32/failed-link/memory.ld -T stm32/sections.ld -Wl,-Map=stm32/failed-link/firmware.map \
        -o obj/stm32/failed.elf >stm32/failed-link/linker.txt 2>&1; then
        echo "the link of stm32/failed-link must fail" >&2
        exit 1
    fi
    {
        link_json stm32 gnu "$(version arm-none-eabi-ld)" firmware.elf firmware.map "memory.ld sections.ld" memory-usage.txt
        printf ',\n'
        link_json stm32 lld "$(version lld)" firmware-lld.elf firmware-lld.map "memory.ld sections.ld" memory-usage-lld.txt
        printf ',\n'
        link_json stm32 failed "$(version arm-none-eabi-ld)" "" failed-link/firmware.map "failed-link/memory.ld sections.ld" failed-link/linker.txt
    } | expect stm32 "STM32F407: C and C++, newlib-nano, core-coupled RAM, code in RAM; linked by GNU ld and by LLD, and for a part that is too small"
}

# Like objects, but adds to $OBJECTS.
cxx_objects() {
    before=$OBJECTS
    objects "$@"
    OBJECTS="$before$OBJECTS"
}

build_esp_like() {
    flags="-march=rv32imc -mabi=ilp32 -ffreestanding -msmall-data-limit=0"
    # shellcheck disable=SC2086 # flags is a list.
    objects esp-like riscv64-unknown-elf-gcc $flags -- esp-like/board.c common/main.c common/spectrum.c common/palette.c \
        common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # flags is a list.
    one_link esp-like riscv64-unknown-elf-gcc "The sections and regions of ESP-IDF on an ESP32-C3: dummies, RTC memory, external RAM" \
        link.ld $flags -nostdlib -Wl,--no-warn-rwx-segments
}

build_avr() {
    flags="-mmcu=atmega328p"
    objects avr avr-gcc $flags -- avr/board.c common/main.c common/spectrum.c common/palette.c common/strip.c common/crashlog.c
    one_link avr avr-gcc "ATmega328P with the toolchain's own linker script: Harvard addresses, EEPROM, fuses, lock bits" "" \
        $flags
}

build_esp8266_like() {
    flags="-mlongcalls -mtext-section-literals -ffreestanding"
    # shellcheck disable=SC2086 # flags is a list.
    objects esp8266-like xtensa-lx106-elf-gcc $flags -- esp8266-like/board.c common/main.c common/spectrum.c common/palette.c \
        common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # flags is a list.
    one_link esp8266-like xtensa-lx106-elf-gcc "The memory of an ESP8266: constants in DRAM, code in cached flash and in IRAM" \
        link.ld $flags -nostdlib
}

build_riscv64() {
    flags="-march=rv64imac -mabi=lp64 -mcmodel=medany -ffreestanding"
    # shellcheck disable=SC2086 # flags is a list.
    objects riscv64 riscv64-unknown-elf-gcc $flags -- common/bare.c common/main.c common/spectrum.c common/palette.c \
        common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # flags is a list.
    one_link riscv64 riscv64-unknown-elf-gcc "64-bit ELF, all memory above 4 GiB, a region larger than 4 GiB" link.ld $flags -nostdlib
}

build_arm_be() {
    flags="-mcpu=cortex-r4 -mbig-endian -mthumb -ffreestanding"
    # shellcheck disable=SC2086 # flags is a list.
    objects arm-be arm-none-eabi-gcc $flags -- common/bare.c common/main.c common/spectrum.c common/palette.c \
        common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # lists.
    arm-none-eabi-gcc $flags -nostdlib $OBJECTS -T arm-be/link.ld -Wl,--gc-sections,--cref,--print-memory-usage,-Map=arm-be/firmware.map \
        -o arm-be/firmware.elf >arm-be/memory-usage.txt
    # shellcheck disable=SC2086 # lists.
    lld -EB -O2 -z max-page-size=4096 --gc-sections --print-memory-usage -T arm-be/link.ld -Map=arm-be/firmware-lld.map \
        -o arm-be/firmware-lld.elf $OBJECTS >arm-be/memory-usage-lld.txt
    {
        link_json arm-be gnu "$(version arm-none-eabi-ld)" firmware.elf firmware.map link.ld memory-usage.txt
        printf ',\n'
        link_json arm-be lld "$(version lld)" firmware-lld.elf firmware-lld.map link.ld memory-usage-lld.txt
    } | expect arm-be "Big-endian ELF (Cortex-R4), tightly-coupled memories; linked by GNU ld and by LLD, with equal figures"
}

for folder in "${@:-stm32 esp-like avr esp8266-like riscv64 arm-be}"; do
    for one in $folder; do
        echo "building $one"
        "build_$(echo "$one" | tr - _)"
        # Data for tools, not programs of this machine.
        find "$one" -name '*.elf' -exec chmod -x {} +
    done
done
