/* How loud samples are. */

#include "ear.h"

enum { MOST_PLACE = 16 };

/* Power of each of m rows of n samples, over those of them that are not zero, one at least. n: a multiple of 16. */
API FAST void ear_loudness(const float *rows, int stride, int m, int n, double *powers)
{
    for (int i = 0; i < m; i++, rows += stride) {
        floats power = {0};
        ints silent = {0};
        for (int k = 0; k < n; k += LANES) {
            floats x = READ(floats, rows + k);
            power += x * x, silent += x == (floats){0};
        }
        double total = 0;
        int arrived = n;
        for (int k = 0; k < LANES; k++)
            total += power[k], arrived += silent[k];
        powers[i] = (float)total / (double)(arrived > 1 ? arrived : 1);
    }
}

/* `kept`, (most,), of which there were `had`, with `count` levels behind them, the oldest dropped; the one at `place`
   once they are in order. */
API double ear_floor(double *kept, int had, const double *levels, int count, int most, int place)
{
    if (count > most)
        levels += count - most, count = most;
    int stay = had + count > most ? most - count : had;
    memmove(kept, kept + had - stay, sizeof(double) * (size_t)stay);
    memcpy(kept + stay, levels, sizeof(double) * (size_t)count);
    double least[MOST_PLACE];
    int found = 0;
    for (int i = 0; i < stay + count; i++) { /* the place + 1 lowest so far, in order */
        int at = found;
        if (found > place && kept[i] >= least[place])
            continue;
        at = found > place ? place : found++;
        for (; at > 0 && least[at - 1] > kept[i]; at--)
            least[at] = least[at - 1];
        least[at] = kept[i];
    }
    return least[place];
}
