#include "core/clamp.h"

int main(int argc, char **argv) {
    if (argc > 2) {
        return 2;
    }
    return clamp(argc, 0, 1);
}
