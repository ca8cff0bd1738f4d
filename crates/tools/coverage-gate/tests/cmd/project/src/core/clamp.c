int clamp(int value, int low, int high) {
    if (value < low) {
        return low;
    }
    if (value > high) {
        return high;
    }
    return value;
}

int twice(int value) {
    // Nobody calls it yet.
    return 2 * value;
}
