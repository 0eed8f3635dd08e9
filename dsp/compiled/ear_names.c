/* Which sets of tones a spectrum shows. */

#include "ear.h"

enum { MOST_STRETCHES = 4 };
static const double TOLD_APART = 0.6, MORE = 1.1, LEAST_CONCENTRATION = 0.7, LEAST_BALANCE = 0.04;

typedef struct {
    double first, last, tones, spans[2 * MOST_TONES], swing, apart_hz, lines, spacing_hz;
} Places;

/* How purely a spectrum is each of some sets: (count, 4) of concentration, balance, energy and share, as
   dsp.bursts.purity.purity has it. `half` is half a line's width in lines, `half_hz` in Hz. */
API FAST void ear_purities(const float *power, int lines, double half, double half_hz, double whole,
                           const Places *places, int count, double *out)
{
    for (int i = 0; i < count; i++, places++, out += 4) {
        double band = sum(power, lines, (int)places->first, (int)places->last);
        int firsts[3 * MOST_TONES], lasts[3 * MOST_TONES], found = 0;
        double least = 0, most = 0, held = 0;
        out[0] = out[1] = out[2] = out[3] = 0;
        if (band <= 0)
            continue;
        for (int tone = 0; tone < (int)places->tones; tone++) {
            int low = (int)places->spans[2 * tone], high = (int)places->spans[2 * tone + 1], peak = low;
            for (int k = low + 1; k < high && k < lines; k++)
                if (power[k] > power[peak])
                    peak = k;
            for (int side = 0; side < (places->swing > 0 ? 3 : 1); side++) {
                double middle = peak + (side == 0 ? 0 : side == 1 ? -places->swing : places->swing);
                double reach = side ? half + 1 : half;
                firsts[found] = (int)(middle - reach), lasts[found] = (int)(middle + reach) + 2;
                if (!side || half_hz < places->apart_hz / 2) {
                    double strength = sum(power, lines, firsts[found], lasts[found]);
                    least = (tone || side) && least < strength ? least : strength;
                    most = (tone || side) && most > strength ? most : strength;
                }
                found++;
            }
        }
        for (int k = 1; k < found; k++) /* by their first lines */
            for (int j = k; j > 0 && (firsts[j] < firsts[j - 1] || (firsts[j] == firsts[j - 1] && lasts[j] < lasts[j - 1])); j--) {
                int first = firsts[j], last = lasts[j];
                firsts[j] = firsts[j - 1], lasts[j] = lasts[j - 1], firsts[j - 1] = first, lasts[j - 1] = last;
            }
        for (int k = 0, until = -1; k < found; k++) { /* each line once */
            int first = k && firsts[k] < until ? until : firsts[k];
            if (!k || lasts[k] > until) {
                held += sum(power, lines, first, lasts[k]);
                until = lasts[k];
            }
        }
        out[0] = held / band, out[1] = least / most, out[2] = held, out[3] = held / whole;
    }
}

/* Where in [first, last) of some lines the strongest peak lies, between the lines: (count,) of `spans`, (count, 2). */
API void ear_peaks(const float *power, const int32_t *spans, int count, double *peaks)
{
    for (int i = 0; i < count; i++) {
        int at = spans[2 * i];
        for (int k = at + 1; k < spans[2 * i + 1]; k++)
            at = power[k] > power[at] ? k : at;
        double left = log(power[at - 1] + 1e-20) / 2, top = log(power[at] + 1e-20) / 2;
        double right = log(power[at + 1] + 1e-20) / 2;
        double bend = left - 2 * top + right;
        peaks[i] = at + (bend != 0 ? 0.5 * (left - right) / bend : 0);
    }
}

/* How much more energy one set must explain than another to be the better name, as dsp.bursts.tone_names has it. */
INLINE double extra(const Places *one, const Places *other, double half_hz)
{
    double widest = one->spacing_hz > other->spacing_hz ? one->spacing_hz : other->spacing_hz;
    if (one->lines == other->lines || half_hz > TOLD_APART * widest)
        return 1;
    return one->lines > other->lines ? MORE : 1 / MORE;
}

/* Which of some sets each of `count` stretches is, as dsp.bursts.tone_names.ToneNames.named has it: (count, 6) of the set or
   -1, its purity as above, and the energy of the band; powers: (count, size + 1). */
API FAST void ear_named(const float *rows, int stride, int count, int n, const float *window, int size, int low,
                        int high, double hz, double half_hz, const Places *places, int sets, float *powers, double *out)
{
    double wholes[MOST_STRETCHES], found[4];
    ear_powers(rows, stride, count, n, window, size, low, high, powers, wholes);
    for (int i = 0; i < count; i++, powers += size + 1, out += 6) {
        int best = -1;
        memset(out, 0, sizeof(double) * 6);
        for (int k = 0; k < sets; k++) {
            ear_purities(powers, size + 1, half_hz / hz, half_hz, wholes[i], places + k, 1, found);
            if (found[0] < LEAST_CONCENTRATION || found[1] < LEAST_BALANCE)
                continue;
            if (best < 0 || found[2] > out[3] * extra(places + k, places + best, half_hz))
                best = k, memcpy(out + 1, found, sizeof found);
        }
        out[0] = best, out[5] = wholes[i];
    }
}
