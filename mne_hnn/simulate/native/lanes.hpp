// Numbers side by side, one per cell, in the widest vector registers of the processor this is compiled for.
//
// Vectors of the GNU kind (g++, clang++), wrapped so that the kinetics read like formulas: a number of the formula is
// a scalar S, whatever depends on a cell is Lanes<S>. The same operations in the same order for every lane, so that a
// cell's numbers do not depend on the cells beside it.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int REGISTER_BYTES = 64;
#elif defined(__AVX__)
constexpr int REGISTER_BYTES = 32;
#else
constexpr int REGISTER_BYTES = 16;
#endif

template <class S>
struct Registers;
template <>
struct Registers<double> {
    typedef double Vector __attribute__((vector_size(REGISTER_BYTES), may_alias));
    typedef std::int64_t Mask __attribute__((vector_size(REGISTER_BYTES)));
    using Int = std::int64_t;
};
template <>
struct Registers<float> {
    typedef float Vector __attribute__((vector_size(REGISTER_BYTES), may_alias));
    typedef std::int32_t Mask __attribute__((vector_size(REGISTER_BYTES)));
    using Int = std::int32_t;
};

template <class S>
struct Lanes {
    using Scalar = S;
    using Int = typename Registers<S>::Int;
    using Vector = typename Registers<S>::Vector;
    using Mask = typename Registers<S>::Mask;
    static constexpr int width = REGISTER_BYTES / static_cast<int>(sizeof(S));

    Vector x;

    Lanes() = default;
    INLINE Lanes(Vector value): x(value) {}
    INLINE Lanes(S value): x(value - Vector{}) {}
    INLINE S operator[](int lane) const { return x[lane]; }
    INLINE void set(int lane, S value) { x[lane] = value; }

    friend INLINE Lanes operator+(Lanes a, Lanes b) { return a.x + b.x; }
    friend INLINE Lanes operator-(Lanes a, Lanes b) { return a.x - b.x; }
    friend INLINE Lanes operator*(Lanes a, Lanes b) { return a.x * b.x; }
    friend INLINE Lanes operator/(Lanes a, Lanes b) { return divide(a, b); }
    friend INLINE Lanes operator-(Lanes a) { return -a.x; }
    friend INLINE Lanes operator+(S a, Lanes b) { return a + b.x; }
    friend INLINE Lanes operator+(Lanes a, S b) { return a.x + b; }
    friend INLINE Lanes operator-(S a, Lanes b) { return a - b.x; }
    friend INLINE Lanes operator-(Lanes a, S b) { return a.x - b; }
    friend INLINE Lanes operator*(S a, Lanes b) { return a * b.x; }
    friend INLINE Lanes operator*(Lanes a, S b) { return a.x * b; }
    friend INLINE Lanes operator/(S a, Lanes b) { return divide(Lanes(a), b); }
    friend INLINE Lanes operator/(Lanes a, S b) { return a.x * (S(1) / b); }
    friend INLINE Mask operator<(Lanes a, Lanes b) { return a.x < b.x; }
    friend INLINE Mask operator>(Lanes a, Lanes b) { return a.x > b.x; }
    friend INLINE Mask operator<(Lanes a, S b) { return a < Lanes(b); }
    friend INLINE Mask operator>(Lanes a, S b) { return a > Lanes(b); }

    friend INLINE Lanes select(Mask mask, Lanes a, Lanes b) { return mask ? a.x : b.x; }
    friend INLINE Lanes fabs(Lanes a) { return (a.x < S(0)) ? -a.x : a.x; }
    friend INLINE Lanes fused(Lanes a, Lanes b, Lanes c) { return a.x * b.x + c.x; }

private:
    // An estimate of 14 bits and Newton's steps: a tenth of the time of a division, and its digits but the last.
    static INLINE Lanes divide(Lanes a, Lanes b) {
#if defined(__AVX512F__)
        if constexpr (sizeof(S) == 8) {
            Vector r = _mm512_rcp14_pd(b.x);
            r = r * (S(1) - b.x * r) + r;
            r = r * (S(1) - b.x * r) + r;
            return a.x * r;
        } else {
            Vector r = _mm512_rcp14_ps(b.x);
            r = r * (S(1) - b.x * r) + r;
            return a.x * r;
        }
#else
        return a.x / b.x;
#endif
    }
};

// Whether any lane of a comparison holds.
template <class Mask>
INLINE bool any(Mask mask) {
#if defined(__AVX512F__)
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX__)
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    std::int64_t part[sizeof(Mask) / 8], all = 0;
    std::memcpy(part, &mask, sizeof part);
    for (const std::int64_t bits: part) all |= bits;
    return all != 0;
#endif
}

// exp(x) = 2^n exp(r), n = round(x log2(e)), |r| <= ln(2)/2. exp(r) is a polynomial fitted for the least maximal
// relative error there. Adding 1.5 * 2^52 (2^23) leaves n in the lowest bits, from where it is shifted into the
// exponent. Beyond 700 (85) it stays what it is there: time constants far below a step have exp(-dt/tau) = 0.
INLINE Lanes<double> exp(Lanes<double> x) {
    using V = Lanes<double>;
    x = select(x < -700.0, V(-700.0), select(x > 700.0, V(700.0), x));
    constexpr double magic = 6755399441055744.0;
    const V shifted = x * 1.4426950408889634 + magic;
    const V n = shifted - magic;
    const V r = x - n * 0.6931471805599453;
    V p = 2.7488428337343465e-07;
    p = p * r + 2.7639785210494625e-06;
    p = p * r + 2.4801917821944824e-05;
    p = p * r + 0.00019841171343600895;
    p = p * r + 0.001388888849890633;
    p = p * r + 0.0083333333846977;
    p = p * r + 0.04166666666842739;
    p = p * r + 0.1666666666655765;
    p = p * r + 0.49999999999997286;
    p = p * r + 1.0000000000000064;
    p = p * r + 1.0;
    V::Mask exponent, bits;
    std::memcpy(&exponent, &shifted.x, sizeof exponent);
    std::memcpy(&bits, &p.x, sizeof bits);
    bits += exponent << 52;
    std::memcpy(&p.x, &bits, sizeof bits);
    return p;
}

INLINE Lanes<float> exp(Lanes<float> x) {
    using V = Lanes<float>;
    x = select(x < -85.0f, V(-85.0f), select(x > 85.0f, V(85.0f), x));
    constexpr float magic = 12582912.0f;
    const V shifted = x * 1.44269504f + magic;
    const V n = shifted - magic;
    const V r = x - n * 0.693147182f;
    V p = 0.00829765f;
    p = p * r + 0.04191538f;
    p = p * r + 0.16667575f;
    p = p * r + 0.49998895f;
    p = p * r + 0.99999969f;
    p = p * r + 1.00000007f;
    V::Mask exponent, bits;
    std::memcpy(&exponent, &shifted.x, sizeof exponent);
    std::memcpy(&bits, &p.x, sizeof bits);
    bits += exponent << 23;
    std::memcpy(&p.x, &bits, sizeof bits);
    return p;
}

// log(x) = n log(2) + 2 artanh(s), s = (z-1)/(z+1), x = 2^n z with z between sqrt(1/2) and sqrt(2), for positive
// normal numbers, which concentrations are.
template <class S>
INLINE Lanes<S> log(Lanes<S> x) {
    using V = Lanes<S>;
    using Int = typename V::Int;
    constexpr bool wide = sizeof(S) == 8;
    constexpr int digits = wide ? 52 : 23;
    constexpr Int root_half = wide ? Int(0x3fe6a09e667f3bcd) : Int(0x3f3504f3);
    constexpr Int one = wide ? Int(0x3ff0000000000000) : Int(0x3f800000);
    constexpr Int two_to_digits = wide ? Int(0x4330000000000000) : Int(0x4b000000);
    constexpr Int fraction = (Int(1) << digits) - 1;
    typename V::Mask bits;
    std::memcpy(&bits, &x.x, sizeof bits);
    bits += one - root_half;
    const typename V::Mask exponent = (bits >> digits) | two_to_digits;  // 2^digits + n + bias
    bits = (bits & fraction) + root_half;
    V n, z;
    std::memcpy(&n.x, &exponent, sizeof exponent);
    std::memcpy(&z.x, &bits, sizeof bits);
    n = n - (wide ? S(4503599627371519.0) : S(8388735.0));
    const V s = (z - S(1)) / (z + S(1));
    const V w = s * s;
    V p = S(2.0 / 21.0);
    if constexpr (wide) {
        p = p * w + S(2.0 / 19.0);
        p = p * w + S(2.0 / 17.0);
        p = p * w + S(2.0 / 15.0);
        p = p * w + S(2.0 / 13.0);
        p = p * w + S(2.0 / 11.0);
    } else {
        p = S(2.0 / 11.0);
    }
    p = p * w + S(2.0 / 9.0);
    p = p * w + S(2.0 / 7.0);
    p = p * w + S(2.0 / 5.0);
    p = p * w + S(2.0 / 3.0);
    p = p * w + S(2.0);
    return n * S(0.6931471805599453) + s * p;
}

using std::exp;
using std::log;
