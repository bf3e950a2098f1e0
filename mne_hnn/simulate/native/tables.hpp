// Gates whose rates depend on the voltage only, from piecewise polynomials.
//
// One step moves a gate x by f (x_inf - x), where x_inf and f = 1 - exp(-dt/tau) are smooth functions of the voltage.
// Between two points of a grid each is a polynomial through Chebyshev's points (degree 5 on 0.25 mV in double precision:
// within 2e-14 of the formulas, which is their own rounding; degree 3 on 1 mV in single). The formulas themselves make
// the table, once for each time step and temperature, and stand in outside it. Where the formulas change (-81 mV) lies a point of the grid.
//
// All gates of a cell lie side by side, so that one load brings a coefficient of each: a table costs a tenth of the
// exponentials. For the conductances the gates are then turned into vectors with one lane per cell.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "kinetics.hpp"

template <class T>
class Aligned {
public:
    explicit Aligned(std::size_t n = 0) {
        if (n) {
            const std::size_t bytes = (n * sizeof(T) + 63) / 64 * 64;
            data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes)));
            if (!data_) throw std::bad_alloc();
            std::fill_n(data_.get(), n, T(0));
        }
    }
    INLINE T* get() { return data_.get(); }
    INLINE const T* get() const { return data_.get(); }
    INLINE T& operator[](std::size_t k) { return data_.get()[k]; }
    INLINE const T& operator[](std::size_t k) const { return data_.get()[k]; }

private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::unique_ptr<T, Free> data_;
};

// Some numbers of one cell.
template <class S, int N>
struct Packed;
template <>
struct Packed<double, 8> {
    typedef double Row __attribute__((vector_size(64), may_alias));
};
template <>
struct Packed<double, 4> {
    typedef double Row __attribute__((vector_size(32), may_alias));
};
template <>
struct Packed<double, 2> {
    typedef double Row __attribute__((vector_size(16), may_alias));
};
template <>
struct Packed<float, 8> {
    typedef float Row __attribute__((vector_size(32), may_alias));
};
template <>
struct Packed<float, 4> {
    typedef float Row __attribute__((vector_size(16), may_alias));
};

template <class S, int N>
using Row = typename Packed<S, N>::Row;

// From one row per cell to one vector per column.
template <class S, int N, int COLUMNS>
INLINE void transpose(const Row<S, N>* rows, Lanes<S>* columns) {
    for (int k = 0; k < COLUMNS; ++k) {
        for (int lane = 0; lane < Lanes<S>::width; ++lane) columns[k].x[lane] = rows[lane][k];
    }
}

#if defined(__AVX__) && !defined(__AVX512F__)
template <>
INLINE void transpose<double, 4, 4>(const Row<double, 4>* r, Lanes<double>* c) {
    for (int odd = 0; odd < 2; ++odd) {
        const __m256d a = odd ? _mm256_unpackhi_pd(r[0], r[1]) : _mm256_unpacklo_pd(r[0], r[1]);
        const __m256d b = odd ? _mm256_unpackhi_pd(r[2], r[3]) : _mm256_unpacklo_pd(r[2], r[3]);
        c[odd].x = _mm256_permute2f128_pd(a, b, 0x20);
        c[2 + odd].x = _mm256_permute2f128_pd(a, b, 0x31);
    }
}
#endif

#if defined(__AVX512F__)
template <>
INLINE void transpose<double, 8, 8>(const Row<double, 8>* r, Lanes<double>* c) {
    __m512d pair[8], half[8];
    for (int k = 0; k < 4; ++k) {
        pair[k] = _mm512_unpacklo_pd(r[2 * k], r[2 * k + 1]);
        pair[4 + k] = _mm512_unpackhi_pd(r[2 * k], r[2 * k + 1]);
    }
    for (int odd = 0; odd < 2; ++odd) {
        const __m512d* p = pair + 4 * odd;
        __m512d* h = half + 4 * odd;
        h[0] = _mm512_shuffle_f64x2(p[0], p[1], 0x88);
        h[1] = _mm512_shuffle_f64x2(p[0], p[1], 0xdd);
        h[2] = _mm512_shuffle_f64x2(p[2], p[3], 0x88);
        h[3] = _mm512_shuffle_f64x2(p[2], p[3], 0xdd);
        c[odd].x = _mm512_shuffle_f64x2(h[0], h[2], 0x88);
        c[4 + odd].x = _mm512_shuffle_f64x2(h[0], h[2], 0xdd);
        c[2 + odd].x = _mm512_shuffle_f64x2(h[1], h[3], 0x88);
        c[6 + odd].x = _mm512_shuffle_f64x2(h[1], h[3], 0xdd);
    }
}

template <>
INLINE void transpose<double, 4, 4>(const Row<double, 4>* r, Lanes<double>* c) {
    __m512d z[4];
    for (int k = 0; k < 4; ++k) z[k] = _mm512_insertf64x4(_mm512_castpd256_pd512(r[k]), r[4 + k], 1);
    const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    for (int odd = 0; odd < 2; ++odd) {
        const __m512d a = odd ? _mm512_unpackhi_pd(z[0], z[1]) : _mm512_unpacklo_pd(z[0], z[1]);
        const __m512d b = odd ? _mm512_unpackhi_pd(z[2], z[3]) : _mm512_unpacklo_pd(z[2], z[3]);
        c[odd].x = _mm512_permutex2var_pd(a, low, b);
        c[2 + odd].x = _mm512_permutex2var_pd(a, high, b);
    }
}

template <>
INLINE void transpose<double, 2, 2>(const Row<double, 2>* r, Lanes<double>* c) {
    __m512d z[2];
    for (int odd = 0; odd < 2; ++odd) {
        const __m256d a = _mm256_insertf128_pd(_mm256_castpd128_pd256(r[odd]), r[2 + odd], 1);
        const __m256d b = _mm256_insertf128_pd(_mm256_castpd128_pd256(r[4 + odd]), r[6 + odd], 1);
        z[odd] = _mm512_insertf64x4(_mm512_castpd256_pd512(a), b, 1);
    }
    c[0].x = _mm512_unpacklo_pd(z[0], z[1]);
    c[1].x = _mm512_unpackhi_pd(z[0], z[1]);
}

template <>
INLINE void transpose<float, 8, 8>(const Row<float, 8>* r, Lanes<float>* c) {
    __m512 z[8], t[8], s[8];
    for (int k = 0; k < 8; ++k) {
        const __m512d low = _mm512_castps_pd(_mm512_castps256_ps512(r[k]));
        z[k] = _mm512_castpd_ps(_mm512_insertf64x4(low, _mm256_castps_pd(r[8 + k]), 1));
    }
    for (int k = 0; k < 4; ++k) {
        t[2 * k] = _mm512_unpacklo_ps(z[2 * k], z[2 * k + 1]);
        t[2 * k + 1] = _mm512_unpackhi_ps(z[2 * k], z[2 * k + 1]);
    }
    for (int k = 0; k < 2; ++k) {
        s[4 * k] = _mm512_shuffle_ps(t[4 * k], t[4 * k + 2], 0x44);
        s[4 * k + 1] = _mm512_shuffle_ps(t[4 * k], t[4 * k + 2], 0xee);
        s[4 * k + 2] = _mm512_shuffle_ps(t[4 * k + 1], t[4 * k + 3], 0x44);
        s[4 * k + 3] = _mm512_shuffle_ps(t[4 * k + 1], t[4 * k + 3], 0xee);
    }
    const __m512i low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    for (int k = 0; k < 4; ++k) {
        const __m512d a = _mm512_castps_pd(s[k]), b = _mm512_castps_pd(s[4 + k]);
        c[k].x = _mm512_castpd_ps(_mm512_permutex2var_pd(a, low, b));
        c[4 + k].x = _mm512_castpd_ps(_mm512_permutex2var_pd(a, high, b));
    }
}

INLINE void four_rows(const Row<float, 4>* r, __m512* z) {
    for (int k = 0; k < 4; ++k) {
        __m512 all = _mm512_castps128_ps512(r[k]);
        all = _mm512_insertf32x4(all, r[4 + k], 1);
        all = _mm512_insertf32x4(all, r[8 + k], 2);
        z[k] = _mm512_insertf32x4(all, r[12 + k], 3);
    }
}

INLINE __m512 both(__m512 a, __m512 b, bool high) {
    const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
    return _mm512_castpd_ps(high ? _mm512_unpackhi_pd(x, y) : _mm512_unpacklo_pd(x, y));
}

template <>
INLINE void transpose<float, 4, 4>(const Row<float, 4>* r, Lanes<float>* c) {
    __m512 z[4];
    four_rows(r, z);
    const __m512 a = _mm512_unpacklo_ps(z[0], z[1]), b = _mm512_unpacklo_ps(z[2], z[3]);
    const __m512 d = _mm512_unpackhi_ps(z[0], z[1]), e = _mm512_unpackhi_ps(z[2], z[3]);
    c[0].x = both(a, b, false);
    c[1].x = both(a, b, true);
    c[2].x = both(d, e, false);
    c[3].x = both(d, e, true);
}

template <>
INLINE void transpose<float, 4, 2>(const Row<float, 4>* r, Lanes<float>* c) {
    __m512 z[4];
    four_rows(r, z);
    const __m512 a = _mm512_unpacklo_ps(z[0], z[1]), b = _mm512_unpacklo_ps(z[2], z[3]);
    c[0].x = both(a, b, false);
    c[1].x = both(a, b, true);
}
#endif

// Where the voltages of a vector lie in a table.
template <class S>
struct Place {
    alignas(64) std::int32_t interval[Lanes<S>::width];
    alignas(64) S t[Lanes<S>::width];  // from -1/2 to 1/2 within it
};

constexpr double TABLE_START_mV = -110.0, TABLE_STOP_mV = 90.0;

// The gates of a mechanism M: in rows of eight, or what a register holds if that is less, then a row of four or a single
// gate.
template <template <class> class M, class S>
class Gates {
    using V = Lanes<S>;
    using Mask = typename V::Mask;
    static constexpr int W = V::width;
    static constexpr int n = M<V>::n_gates;
    static constexpr int C = W < 8 ? W : 8;
    static constexpr int rest = n % C;
    static constexpr int n_rows = n / C + (rest > (C == 8 ? 4 : 1));
    static constexpr int n_fours = C == 8 && rest > 1 && rest <= 4;
    static constexpr int n_singles = rest == 1;
    static constexpr int PAIR = 16 / static_cast<int>(sizeof(S));  // x_inf, f, and what fills a small register
    static constexpr int degree = sizeof(S) == 8 ? 5 : 3;
    static constexpr int per_mV = sizeof(S) == 8 ? 4 : 1;
    static constexpr int n_intervals = static_cast<int>(TABLE_STOP_mV - TABLE_START_mV) * per_mV;
    // Numbers for one interval.
    static constexpr int rows_size = n_rows * 2 * C * (degree + 1);
    static constexpr int fours_size = n_fours * 8 * (degree + 1);
    static constexpr int singles_size = n_singles * PAIR * (degree + 1);

    Aligned<S> rows_, fours_, singles_;

public:
    // Vectors that the gates of one node take.
    static constexpr int size = C * n_rows + 4 * n_fours + n_singles;

    Gates(double dt, const double* parameters)
        : rows_(std::size_t(rows_size) * n_intervals)
        , fours_(std::size_t(fours_size) * n_intervals)
        , singles_(std::size_t(singles_size) * n_intervals) {
        using D = Lanes<double>;
        constexpr int points = degree + 1;
        double t[points];
        for (int j = 0; j < points; ++j) t[j] = 0.5 * std::cos(M_PI * (j + 0.5) / points);
        std::vector<double> value[2 * n];  // x_inf and f of each gate at all points
        for (auto& v: value) v.resize(std::size_t(n_intervals) * points + D::width);
        for (int first = 0; first < n_intervals * points; first += D::width) {
            D v;
            for (int lane = 0; lane < D::width; ++lane) {
                const int at = first + lane;
                v.set(lane, TABLE_START_mV + (at / points + 0.5 + t[at % points]) / per_mV);
            }
            M<D> steady{}, moved{};
            steady.parametrise(parameters);
            moved.parametrise(parameters);
            steady.v = moved.v = v;
            steady.dt = moved.dt = dt;
            steady.gates(0.0);
            for (int g = 0; g < n; ++g) moved.gate(g) = steady.gate(g) + 1.0;
            moved.gates(1.0);
            for (int g = 0; g < n; ++g) {
                const D f = steady.gate(g) + 1.0 - moved.gate(g);
                for (int lane = 0; lane < D::width; ++lane) {
                    value[2 * g][first + lane] = steady.gate(g)[lane];
                    value[2 * g + 1][first + lane] = f[lane];
                }
            }
        }
        for (int g = 0; g < n; ++g) {
            for (int which = 0; which < 2; ++which) {
                for (int k = 0; k < n_intervals; ++k) {
                    double c[points];
                    interpolate<points>(t, &value[2 * g + which][std::size_t(k) * points], c);
                    for (int d = 0; d < points; ++d) *coefficient(g, which, k, d) = static_cast<S>(c[d]);
                }
            }
        }
    }

    // Advance the gates of a node by one step at the voltages v, and give them to the mechanism.
    INLINE void advance(V v, S* gates, M<V>& m) const {
        const V u = (v - S(TABLE_START_mV)) * S(per_mV);
        const Mask inside = (u > S(0)) & (u < S(n_intervals));
        if (__builtin_expect(any(~inside), 0)) {
            exceptional(v, inside, gates, m);
            return;
        }
        Place<S> place;
        locate(u, place);
        look_up(place, gates, m);
    }

    // Write gates where `advance` finds them.
    void store(const M<V>& m_, S* gates) const {
        M<V> m = m_;
        for (int g = 0; g < n; ++g) {
            for (int lane = 0; lane < W; ++lane) gates[at(g, lane)] = m.gate(g)[lane];
        }
    }

    // Make the gates of all lanes those of one lane of another node.
    static void spread(const S* from, int lane, S* to) {
        for (int g = 0; g < n; ++g) {
            for (int other = 0; other < W; ++other) to[at(g, other)] = from[at(g, lane)];
        }
    }

private:
    // Place of a gate of a lane in the memory of a node.
    static int at(int g, int lane) {
        const int row = g / C;
        if (row < n_rows) return row * C * W + lane * C + g % C;
        return n_rows * C * W + (n_fours ? lane * 4 + g % C : lane);
    }

    S* coefficient(int g, int which, int k, int d) {
        const int row = g / C;
        if (row < n_rows) {
            return &rows_[std::size_t(k) * rows_size + ((row * (degree + 1) + d) * 2 + which) * C + g % C];
        }
        if (n_fours) return &fours_[std::size_t(k) * fours_size + (d * 2 + which) * 4 + g % C];
        return &singles_[std::size_t(k) * singles_size + d * PAIR + which];
    }

    // Coefficients of the polynomial in t through some points (Newton's form, then multiplied out).
    template <int points>
    static void interpolate(const double* t, const double* value, double* c) {
        long double divided[points], product[points + 1] = {1.0L}, sum[points] = {};
        for (int j = 0; j < points; ++j) divided[j] = value[j];
        for (int order = 1; order < points; ++order) {
            for (int j = points - 1; j >= order; --j) {
                divided[j] = (divided[j] - divided[j - 1]) / (static_cast<long double>(t[j]) - t[j - order]);
            }
        }
        for (int j = 0; j < points; ++j) {
            for (int d = 0; d <= j; ++d) sum[d] += divided[j] * product[d];
            for (int d = j + 1; d > 0; --d) product[d] = product[d - 1] - t[j] * product[d];
            product[0] *= -static_cast<long double>(t[j]);
        }
        for (int d = 0; d < points; ++d) c[d] = static_cast<double>(sum[d]);
    }

    static INLINE void locate(V u, Place<S>& place) {
        if constexpr (sizeof(S) == 8) {
            typedef std::int32_t Narrow __attribute__((vector_size(REGISTER_BYTES / 2)));
            const Narrow k = __builtin_convertvector(u.x, Narrow);
            std::memcpy(place.interval, &k, sizeof k);
            const V t = u - (V(__builtin_convertvector(k, typename V::Vector)) + S(0.5));
            std::memcpy(place.t, &t.x, sizeof t.x);
        } else {
            const Mask k = __builtin_convertvector(u.x, Mask);
            std::memcpy(place.interval, &k, sizeof k);
            const V t = u - (V(__builtin_convertvector(k, typename V::Vector)) + S(0.5));
            std::memcpy(place.t, &t.x, sizeof t.x);
        }
    }

    template <int N>
    static INLINE Row<S, N> polynomial(const S* coefficients, int stride, S t) {
        Row<S, N> sum = *reinterpret_cast<const Row<S, N>*>(coefficients + degree * stride);
        #pragma GCC unroll 8
        for (int d = degree - 1; d >= 0; --d) {
            sum = sum * t + *reinterpret_cast<const Row<S, N>*>(coefficients + d * stride);
        }
        return sum;
    }

    template <int N>
    static INLINE void move(const S* coefficients, const Place<S>& place, int row, S* gates, V* columns) {
        Row<S, N> moved[W];
        #pragma GCC unroll 16
        for (int lane = 0; lane < W; ++lane) {
            const S* c = coefficients + std::size_t(place.interval[lane]) * row;
            const S t = place.t[lane];
            const Row<S, N> steady = polynomial<N>(c, 2 * N, t);
            const Row<S, N> f = polynomial<N>(c + N, 2 * N, t);
            Row<S, N>* x = reinterpret_cast<Row<S, N>*>(gates + lane * N);
            moved[lane] = *x + f * (steady - *x);
            *x = moved[lane];
        }
        transpose<S, N, N>(moved, columns);
    }

    INLINE void look_up(const Place<S>& place, S* gates, M<V>& m) const {
        for (int row = 0; row < n_rows; ++row) {
            V columns[C];
            move<C>(rows_.get() + row * 2 * C * (degree + 1), place, rows_size, gates + row * C * W, columns);
            for (int g = row * C; g < std::min(n, row * C + C); ++g) m.gate(g) = columns[g % C];
        }
        if constexpr (n_fours > 0) {
            V columns[4];
            move<4>(fours_.get(), place, fours_size, gates + n_rows * C * W, columns);
            for (int g = n_rows * C; g < n; ++g) m.gate(g) = columns[g % C];
        }
        if constexpr (n_singles > 0) {
            Row<S, PAIR> pairs[W];
            #pragma GCC unroll 16
            for (int lane = 0; lane < W; ++lane) {
                const S* c = singles_.get() + std::size_t(place.interval[lane]) * singles_size;
                pairs[lane] = polynomial<PAIR>(c, PAIR, place.t[lane]);
            }
            V both[2];
            transpose<S, PAIR, 2>(pairs, both);
            V* x = reinterpret_cast<V*>(gates + n_rows * C * W);
            *x = *x + both[1] * (both[0] - *x);
            m.gate(n - 1) = *x;
        }
    }

    // Lanes outside the table go by the formulas, the others by the table as ever.
    __attribute__((noinline)) void exceptional(V v, Mask inside, S* gates, M<V>& m) const {
        constexpr S bound = sizeof(S) == 8 ? S(1000) : S(150);
        M<V> direct = m;
        for (int g = 0; g < n; ++g) {
            for (int lane = 0; lane < W; ++lane) direct.gate(g).set(lane, gates[at(g, lane)]);
        }
        direct.v = select(v > bound, V(bound), select(v < -bound, V(-bound), v));
        direct.gates(S(1));
        Place<S> place;
        locate(select(inside, (v - S(TABLE_START_mV)) * S(per_mV), V(S(0))), place);
        look_up(place, gates, m);
        for (int g = 0; g < n; ++g) {
            m.gate(g) = select(inside, m.gate(g), direct.gate(g));
            for (int lane = 0; lane < W; ++lane) gates[at(g, lane)] = m.gate(g)[lane];
        }
    }
};
