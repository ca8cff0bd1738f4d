#!/bin/sh
# Builds every committed artefact of this folder from its sources: ./build.sh [FOLDER...]
# Run from anywhere; needs the tools that README.md names. Running it again changes nothing.
set -eu
cd "$(dirname "$0")"
# The date in the ESP application descriptor: 2026-01-01.
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600

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
            # LLD prints a region once more for each REGION_ALIAS of it.
            if (seen[$1]++) next
            printf "%s        { \"name\": \"%s\", \"used\": %.0f, \"size\": %.0f }", (n++ ? ",\n" : ""), $1, bytes($2, $3), bytes($4, $5)
        }
        END { print ""; if (!n) exit 1 }' "$1"
}

# link_json DIR NAME LINKER ELF MAP SCRIPTS PRINT [IMAGE]: one entry of expected.json ("" for a file that is not there).
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
    [ -z "${8-}" ] || printf '      "image": "%s",\n' "$8"
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

build_zephyr_like() {
    flags="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft -ffreestanding"
    # shellcheck disable=SC2086 # flags is a list.
    objects zephyr-like arm-none-eabi-gcc $flags -- zephyr-like/board.c common/main.c common/spectrum.c common/palette.c \
        common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # flags is a list.
    one_link zephyr-like arm-none-eabi-gcc "The sections of Zephyr: areas of kernel objects, names without a dot, quoted names" \
        link.ld $flags -nostdlib
}

build_cmsis_like() {
    flags="-mcpu=cortex-m0plus -mthumb -mfloat-abi=soft -ffreestanding"
    # shellcheck disable=SC2086 # flags is a list.
    objects cmsis-like arm-none-eabi-gcc $flags -- cmsis-like/startup.S cmsis-like/board.c common/main.c common/spectrum.c \
        common/palette.c common/strip.c common/crashlog.c common/mem.c
    # shellcheck disable=SC2086 # flags is a list.
    one_link cmsis-like arm-none-eabi-gcc "The layout of CMSIS and of the Pico SDK: heap and stack that take no memory, RAM that nothing fills at start" \
        link.ld $flags -nostdlib
}

# rust OUT FEATURES LTO LINK-ARGS...: builds esp32c3/ and puts ELF, map and the linker's print into OUT.
rust() {
    out=$1 features=$2 lto=$3
    shift 3
    triple=riscv32imc-unknown-none-elf
    target="$PWD/obj/esp32c3"
    mkdir -p "$out" "$target"
    # The map is cut to the parts of a path that are not of this machine.
    sysroot=$(rustc --print sysroot)
    registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
    (
        cd esp32c3
        cargo --config "target.$triple.rustflags=['--remap-path-prefix=$registry=registry','--remap-path-prefix=$target=target']" \
            --config "profile.release.lto='$lto'" \
            rustc --release --locked --quiet --target-dir "$target" --features "$features" -- \
            -Wlinker-messages -Clink-arg=-Map="$target/firmware.map" -Clink-arg=--print-memory-usage "$@"
    ) 2>"$target/linker.txt" || {
        cat "$target/linker.txt" >&2
        exit 1
    }
    cp "$target/$triple/release/led-node" "$out/firmware.elf"
    sed -e "s|$target/$triple/release/|target/|g" -e "s|$registry/[^/]*/|registry/|g" \
        -e "s|$sysroot/lib/rustlib/|rustlib/|g" -e "s|[^ ]*/rustc[A-Za-z0-9]*/|rustc/|g" \
        "$target/firmware.map" >"$out/firmware.map"
    # rustc shows the linker's print as an indented warning.
    sed -n '/^warning: linker stdout: /,/^ *$/{s/^warning: linker stdout: //;s/^ \{9\}//;/./p;}' "$target/linker.txt" >"$out/memory-usage.txt"
}

# image ELF BIN: the application image, as flashed, with the ELF's SHA-256 in its descriptor; and what esptool says of it.
image() {
    ${ESPTOOL:-esptool} --chip esp32c3 elf2image --flash-mode dio --flash-freq 80m --flash-size 4MB \
        --elf-sha256-offset 0xb0 -o "$2" "$1" >/dev/null
    ${ESPTOOL:-esptool} --chip esp32c3 image-info "$2" | sed 's/ *$//' >"${2%.bin}-image.txt"
}

# bytes N...: each as one byte.
bytes() {
    for byte; do
        # shellcheck disable=SC2059 # the format is the byte.
        printf "\\$(printf %03o "$byte")"
    done
}

le32() { bytes $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

# partition_table CSV BIN: ESP-IDF's binary partition table. The CSV must give every offset and no flag.
partition_table() {
    sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$1" | while IFS=, read -r name type subtype offset size _; do
        case $type/$subtype in
        app/factory) type=0 subtype=0 ;;
        app/ota_*) type=0 subtype=$((16 + ${subtype#ota_})) ;;
        data/ota) type=1 subtype=0 ;;
        data/phy) type=1 subtype=1 ;;
        data/nvs) type=1 subtype=2 ;;
        data/coredump) type=1 subtype=3 ;;
        data/littlefs) type=1 subtype=131 ;;
        *)
            echo "$1: no number known for $type/$subtype" >&2
            exit 1
            ;;
        esac
        bytes 0xAA 0x50 "$type" "$subtype"
        le32 "$offset"
        le32 "$size"
        printf %s "$name"
        head -c $((16 - ${#name} + 4)) /dev/zero
    done >obj/partitions
    {
        cat obj/partitions
        bytes 0xEB 0xEB
        head -c 14 /dev/zero | tr '\000' '\377'
        # shellcheck disable=SC2046 # one word for each byte.
        bytes $(md5sum <obj/partitions | sed 's/ .*//; s/../0x& /g')
        # 0xC00 bytes in all: the entries, the checksum's entry, then erased flash.
        head -c $((0xC00 - $(wc -c <obj/partitions) - 32)) /dev/zero | tr '\000' '\377'
    } >"$2"
}

build_esp32c3() {
    rust esp32c3/baseline baseline off
    image esp32c3/baseline/firmware.elf esp32c3/baseline/firmware.bin
    rust esp32c3 "" off
    image esp32c3/firmware.elf esp32c3/firmware.bin
    partition_table esp32c3/partitions.csv esp32c3/partitions.bin
    # The whole program as one object, through GNU ld.
    rust esp32c3/gnu "" fat -Clinker=riscv64-unknown-elf-ld -Clinker-flavor=ld -Clink-arg=-melf32lriscv -Clink-arg=--no-warn-rwx-segments
    # A map of LLD does not name the regions; these are esp-hal's, as GNU ld resolved them.
    {
        echo "/* The regions of esp-hal's linker script, taken from gnu/firmware.map by build.sh. */"
        echo "MEMORY"
        echo "{"
        awk '/^Linker script and memory map/ { exit }
            /^Memory Configuration/ { found = 1 }
            found && $2 ~ /^0x/ && $1 != "*default*" { printf "  %s : ORIGIN = %s, LENGTH = %s\n", $1, $2, $3 }' esp32c3/gnu/firmware.map
        echo "}"
    } >esp32c3/regions.ld
    {
        link_json esp32c3 firmware "$(version lld)" firmware.elf firmware.map regions.ld memory-usage.txt firmware.bin
        printf ',\n'
        link_json esp32c3 baseline "$(version lld)" baseline/firmware.elf baseline/firmware.map regions.ld baseline/memory-usage.txt baseline/firmware.bin
        printf ',\n'
        link_json esp32c3 gnu "$(version riscv64-unknown-elf-ld)" gnu/firmware.elf gnu/firmware.map regions.ld gnu/memory-usage.txt
    } | expect esp32c3 "A Rust firmware on esp-hal, its release before, and the same through link-time optimisation and GNU ld"
}

# coverage OUT ARGS...: what the host tests run of the firmware's sources, as lcov.
coverage() {
    out="$PWD/host-tests/$1"
    shift
    (cd host-tests && CARGO_TARGET_DIR="$PWD/../obj/host-tests" cargo llvm-cov --quiet --no-cfg-coverage --remap-path-prefix \
        --ignore-filename-regex '^src/' --lcov --output-path "$out" "$@")
}

# results OUT ARGS...: what the host tests say.
results() {
    out="$PWD/host-tests/$1"
    shift
    (cd host-tests && CARGO_TARGET_DIR="$PWD/../obj/host-tests" cargo test --quiet --no-run --lib "$@" &&
        CARGO_TARGET_DIR="$PWD/../obj/host-tests" cargo test --lib "$@" >"$out")
}

build_host_tests() {
    coverage baseline.info --features baseline
    coverage coverage.info
    results baseline-results.txt --features baseline
    results results.txt
}

[ $# -gt 0 ] || set -- stm32 esp-like avr esp8266-like riscv64 arm-be zephyr-like cmsis-like esp32c3 host-tests
for folder; do
    echo "building $folder"
    "build_$(echo "$folder" | tr - _)"
    # Data for tools, not programs of this machine.
    find "$folder" -name '*.elf' -exec chmod -x {} +
done
