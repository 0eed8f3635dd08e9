/* The voice network: its encoder and its recurrent layer. */

#include "ear.h"

enum { UNITS = 128, GATES = 4 * UNITS, BLOCK = 64 };

/* tanh to 1e-7: 1 - 2 / (e^2x + 1), the power of two by a polynomial. */
INLINE floats tangents(floats x)
{
    const floats most = (floats){} + 9.0f, magic = (floats){} + 12582912.0f;
    x = chosen(x > most, most, x);
    x = chosen(x < -most, -most, x);
    floats turns = x * 2.8853900817779268f;
    floats whole = (turns + magic) - magic;
    floats part = turns - whole;
    floats power = part * 1.5403530393381608e-4f + 1.3333558146428443e-3f;
    power = power * part + 9.6181291076284772e-3f;
    power = power * part + 5.5504108664821580e-2f;
    power = power * part + 2.4022650695910072e-1f;
    power = power * part + 6.9314718055994531e-1f;
    power = power * part + 1.0f;
    ints bits = __builtin_convertvector(whole, ints);
    floats scaled = (floats)((ints)power + (bits << 23));
    return 1.0f - 2.0f / (scaled + 1.0f);
}

/* Gates of STATES states of UNITS each: what hh makes of them, and one chunk's inputs. hh: (8, UNITS, BLOCK). */
#define GATES_OF(NAME, STATES)                                                                                         \
    INLINE void NAME(const float *before, const float *hh, const float *inputs, float *gates)                          \
    {                                                                                                                  \
        for (int block = 0; block < GATES; block += BLOCK, hh += UNITS * BLOCK) {                                      \
            floats sums[STATES][BLOCK / LANES];                                                                        \
            for (int s = 0; s < STATES; s++)                                                                           \
                for (int j = 0; j < BLOCK / LANES; j++)                                                                \
                    sums[s][j] = READ(floats, inputs + block + j * LANES);                                             \
            for (int k = 0; k < UNITS; k++)                                                                            \
                for (int s = 0; s < STATES; s++)                                                                       \
                    for (int j = 0; j < BLOCK / LANES; j++)                                                            \
                        sums[s][j] += before[s * UNITS + k] * READ(floats, hh + k * BLOCK + j * LANES);                \
            for (int s = 0; s < STATES; s++)                                                                           \
                for (int j = 0; j < BLOCK / LANES; j++)                                                                \
                    AT(floats, gates + s * GATES + block + j * LANES) = sums[s][j];                                    \
        }                                                                                                              \
    }

GATES_OF(gates_of_one, 1)
GATES_OF(gates_of_two, 2) /* to bring hh near takes longer than to multiply it */

/* A state moved on by a chunk. */
INLINE void moved_on(const float *gates, float *h, float *c)
{
    for (int j = 0; j < UNITS; j += LANES) {
        const float *g = gates + j;
        floats taken = tangents(*(const floats *)g) * 0.5f + 0.5f;
        floats kept = tangents(*(const floats *)(g + UNITS)) * 0.5f + 0.5f;
        floats output = tangents(*(const floats *)(g + 2 * UNITS)) * 0.5f + 0.5f;
        floats offered = tangents(*(const floats *)(g + 3 * UNITS));
        floats cell = kept * *(floats *)(c + j) + taken * offered;
        *(floats *)(c + j) = cell;
        *(floats *)(h + j) = output * tangents(cell);
    }
}

INLINE double likely(const float *h, const float *out, double bias)
{
    doubles score = {0};
    for (int j = 0; j < UNITS; j += EIGHT) {
        doubles seen = __builtin_convertvector(READ(eights, h + j), doubles);
        doubles weight = __builtin_convertvector(READ(eights, out + j), doubles);
        for (int k = 0; k < EIGHT; k++)
            seen[k] = seen[k] > 0 ? seen[k] : 0;
        score += seen * weight;
    }
    return 0.5 + 0.5 * tanh(0.5 * (across(score) + bias));
}

/* inputs: (m, 512), heard by one state or by two (no other: 0), whose h and c, (128,) each, are moved on; hh: (8, 128,
   64); out: (128,); found: (states, m), how likely each is a voice. A state hears the same alone and beside another. */
API FAST void ear_recur(const float *inputs, int m, const float *hh, const float *out, double bias, float *one_h,
                        float *one_c, float *other_h, float *other_c, double *found)
{
    float *const h[2] = {one_h, other_h}, *const c[2] = {one_c, other_c};
    const int states = other_h ? 2 : 1;
    float gates[2 * GATES] __attribute__((aligned(64))), before[2 * UNITS] __attribute__((aligned(64)));
    const int together = states == 2 && WIDE;
    for (int i = 0; i < m; i++, inputs += GATES) {
        for (int s = 0; s < states; s++)
            memcpy(before + s * UNITS, h[s], sizeof(float) * UNITS);
        if (together)
            gates_of_two(before, hh, inputs, gates);
        else
            for (int s = 0; s < states; s++)
                gates_of_one(before + s * UNITS, hh, inputs, gates + s * GATES);
        for (int s = 0; s < states; s++) {
            moved_on(gates + s * GATES, h[s], c[s]);
            found[s * m + i] = likely(h[s], out, bias);
        }
    }
}

/* --- the layers before it ------------------------------------------------------------------------------------- */

enum { TOGETHER = 24, MOST_ROWS = 4 * TOGETHER, WAVES = 144, BINS = 65 };

/* Rows in groups of `per`, `group` apart, each `step` behind the last. */
typedef struct {
    float *at;
    int per, group, step;
} Rows;

INLINE float *row_of(const Rows *rows, int i) { return rows->at + i / rows->per * rows->group + i % rows->per * rows->step; }

/* `rows` rows, ROWS at most, of x times some columns of weights, k of them `apart`, + bias. */
#define TILE(NAME, ROWS, COLUMNS)                                                                                      \
    INLINE void NAME(const float *const *x, float *const *y, int rows, int k, const float *weights, int apart,         \
                     int column, const float *bias, int positive)                                                      \
    {                                                                                                                  \
        floats sums[ROWS][COLUMNS];                                                                                    \
        const float *in[ROWS];                                                                                         \
        for (int r = 0; r < ROWS; r++) {                                                                               \
            in[r] = x[r < rows ? r : 0];                                                                               \
            for (int c = 0; c < COLUMNS; c++)                                                                          \
                sums[r][c] = bias ? READ(floats, bias + column + c * LANES) : (floats){0};                             \
        }                                                                                                              \
        for (int i = 0; i < k; i++)                                                                                    \
            for (int r = 0; r < ROWS; r++)                                                                             \
                for (int c = 0; c < COLUMNS; c++)                                                                      \
                    sums[r][c] += in[r][i] * READ(floats, weights + c * apart + i * LANES);                            \
        for (int r = 0; r < rows; r++)                                                                                 \
            for (int c = 0; c < COLUMNS; c++)                                                                          \
                AT(floats, y[r] + column + c * LANES) =                                                                \
                    positive ? chosen(sums[r][c] > (floats){0}, sums[r][c], (floats){0}) : sums[r][c];                 \
    }

TILE(tile, 6, 1)
TILE(wide_tile, 8, 2)

/* to = from (m, k) x weights (k, wide), + bias; weights lie as (wide / 16, all_k, 16). Some rows and columns at a time:
   a row's sums are added up the same way whichever rows are beside it. */
INLINE void product(const Rows *from, const Rows *to, int m, int k, int all_k, const float *weights, int wide,
                    const float *bias, int positive)
{
    const float *x[MOST_ROWS];
    float *y[MOST_ROWS];
    const int apart = all_k * LANES, pairs = WIDE ? wide / (2 * LANES) * 2 * LANES : 0;
    for (int i = 0; i < m; i++)
        x[i] = row_of(from, i), y[i] = row_of(to, i);
    int column = 0;
    for (; column < pairs; column += 2 * LANES)
        for (int i = 0; i < m; i += 8)
            wide_tile(x + i, y + i, m - i < 8 ? m - i : 8, k, weights + column * all_k, apart, column, bias, positive);
    for (; column < wide; column += LANES)
        for (int i = 0; i < m; i += 6)
            tile(x + i, y + i, m - i < 6 ? m - i : 6, k, weights + column * all_k, apart, column, bias, positive);
}

typedef struct {
    const float *basis, *last_basis, *layers[4], *biases[4], *inputs, *bias;
} Weights;

INLINE void encode(float *chunks, int m, int stride, const Weights *w, float *out)
{
    float waves[TOGETHER * 4 * WAVES], lines[TOGETHER * 6 * BINS], one[TOGETHER * 5 * 128], two[TOGETHER * 128];
    float three[TOGETHER * 64], four[TOGETHER * 128];
    const Rows three_first = {chunks, 3, stride, 64}, last = {chunks + 192, 1, stride, 0};
    const Rows waves_first = {waves, 3, 4 * WAVES, WAVES}, wave_last = {waves + 3 * WAVES, 1, 4 * WAVES, 0};
    product(&three_first, &waves_first, 3 * m, 128, 128, w->basis, WAVES, 0, 0);
    product(&last, &wave_last, m, 96, 96, w->last_basis, WAVES, 0, 0);
    memset(lines, 0, sizeof lines);
    memset(one, 0, sizeof one);
    for (int i = 0; i < 4 * m; i++) {
        const float *wave = waves + i * WAVES;
        float *line = lines + (i / 4 * 6 + i % 4 + 1) * BINS;
        for (int j = 0; j < BINS; j++)
            line[j] = __builtin_sqrtf(wave[j] * wave[j] + wave[j + BINS] * wave[j + BINS]);
    }
    const Rows of_lines = {lines, 4, 6 * BINS, BINS}, to_one = {one + 128, 4, 5 * 128, 128};
    const Rows of_one = {one, 2, 5 * 128, 256}, to_two = {two, 2, 128, 64}, of_two = {two, 1, 128, 0};
    const Rows of_three = {three, 1, 64, 0}, of_four = {four, 1, 128, 0}, to_out = {out, 1, GATES, 0};
    product(&of_lines, &to_one, 4 * m, 3 * BINS, 3 * BINS, w->layers[0], 128, w->biases[0], 1);
    product(&of_one, &to_two, 2 * m, 384, 384, w->layers[1], 64, w->biases[1], 1);
    product(&of_two, &of_three, m, 128, 128, w->layers[2], 64, w->biases[2], 1);
    product(&of_three, &of_four, m, 64, 64, w->layers[3], 128, w->biases[3], 1);
    product(&of_four, &to_out, m, 128, 128, w->inputs, GATES, w->bias, 0);
}

/* Chunks of 288 samples, `stride` apart: (m, 512) inputs of the recurrent layer. */
API FAST void ear_encode(float *chunks, int m, int stride, const Weights *weights, float *out)
{
    for (; m > 0; m -= TOGETHER, chunks += TOGETHER * stride, out += TOGETHER * GATES)
        encode(chunks, m < TOGETHER ? m : TOGETHER, stride, weights, out);
}
