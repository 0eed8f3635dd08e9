/* Half the rate. */

#include "ear.h"

enum { MOST_HALVED = 2560, MOST_TAPS = 64, AT_ONCE = 4 * LANES };

/* n samples, a multiple of 64 and 2,560 at most, out of 2 n + taps - 1 at twice the rate: every second one of what a
   low pass makes of them. by: the low pass, backwards. */
API FAST void ear_halved(const float *raw, const float *by, int taps, int n, float *out)
{
    float parts[2][MOST_HALVED + MOST_TAPS];
    for (int i = 0; i < 2 * n + taps - 1; i++)
        parts[i % 2][i / 2] = raw[i];
    for (int at = 0; at < n; at += AT_ONCE) {
        floats sums[4] = {{0}};
        for (int k = 0; k < taps; k++)
            for (int j = 0; j < 4; j++)
                sums[j] += by[k] * READ(floats, parts[k % 2] + k / 2 + at + j * LANES);
        for (int j = 0; j < 4; j++)
            AT(floats, out + at + j * LANES) = sums[j];
    }
}
