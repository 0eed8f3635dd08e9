/* Whether a sound's energy stands in few lines. */

#include "ear.h"

enum { MUSIC_WINDOW = 1024, MUSIC_BAND = MUSIC_WINDOW / 2, STRONGEST = 16 };

/* What the strongest of some lines hold together. */
INLINE double held_by_strongest(const float *power, int lines)
{
    float most[STRONGEST] = {0};
    for (int i = 0; i < lines; i++) {
        int at = STRONGEST - 1;
        if (power[i] <= most[at])
            continue;
        for (; at > 0 && most[at - 1] < power[i]; at--)
            most[at] = most[at - 1];
        most[at] = power[i];
    }
    return sum(most, STRONGEST, 0, STRONGEST);
}

/* Share of the energy of lines [low, high) that the sixteen strongest of them hold, of each of `count` windows of 1,024
   samples, one behind another; -1 where there is no energy. */
API FAST void ear_tonality(const float *samples, int count, const float *window, int low, int high, double *shares)
{
    float power[MUSIC_BAND];
    for (int i = 0; i < count; i++, samples += MUSIC_WINDOW) {
        ear_powers(samples, 0, 1, MUSIC_WINDOW, window, MUSIC_BAND, low, high, power, 0);
        double whole = sum(power, high - low, 0, high - low);
        shares[i] = whole > 0 ? held_by_strongest(power, high - low) / whole : -1;
    }
}
