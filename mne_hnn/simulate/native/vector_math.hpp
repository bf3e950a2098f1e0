// exp() and log() for the mechanisms' loops, in a form that the compiler turns into vector instructions in place.
//
// The mechanisms call them unqualified inside namespace coreneuron, so these are found before libm's.
// A call into libmvec costs more than the arithmetic itself: it spills every live vector register.
//
// exp(x) = 2^n exp(r), n = round(x log2(e)), |r| <= ln(2)/2. exp(r) is a polynomial of degree 10, fitted for
// the least maximal relative error on that interval (2.2e-16); the whole is within 2.5e-15 of libm for |x| < 60.
// Arguments beyond +-700 are clamped, which no membrane voltage reaches. Adding 1.5 * 2^52 leaves n in the lowest
// bits, from where it is shifted into the exponent: no conversion to integers, which AVX2 has not.
//
// log(x) = n log(2) + 2 artanh(s), s = (z-1)/(z+1), x = 2^n z with z between sqrt(1/2) and sqrt(2); the series in s^2
// is cut where it is below 1e-17. For positive normal numbers, which concentrations are.
//
// Older processors keep libm or libmvec.
#pragma once
#if (defined(__AVX2__) && defined(__FMA__)) || defined(__aarch64__)
#include <cmath>
#include <cstdint>
#include <cstring>

namespace coreneuron {

static inline __attribute__((always_inline)) double exp(double x) {
    x = x > 700.0 ? 700.0 : x;
    x = x < -700.0 ? -700.0 : x;
    const double n = __builtin_rint(x * 1.4426950408889634);
    const double r = x - n * 0.6931471805599453;
    double p = 2.7488428337343465e-07;
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
    const double shifted = n + 6755399441055744.0;
    std::uint64_t exponent, bits;
    std::memcpy(&exponent, &shifted, sizeof exponent);
    std::memcpy(&bits, &p, sizeof bits);
    bits += exponent << 52;
    std::memcpy(&p, &bits, sizeof p);
    return p;
}

static inline __attribute__((always_inline)) double log(double x) {
    constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
    std::uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits += 0x3ff0000000000000 - root_half;
    const std::uint64_t exponent = (bits >> 52) | 0x4330000000000000;  // 2^52 + n + 1023 as a double
    bits = (bits & 0x000fffffffffffff) + root_half;
    double n, z;
    std::memcpy(&n, &exponent, sizeof n);
    std::memcpy(&z, &bits, sizeof z);
    n -= 4503599627371519.0;  // 2^52 + 1023
    const double s = (z - 1.0) / (z + 1.0);
    const double w = s * s;
    double p = 2.0 / 21.0;
    p = p * w + 2.0 / 19.0;
    p = p * w + 2.0 / 17.0;
    p = p * w + 2.0 / 15.0;
    p = p * w + 2.0 / 13.0;
    p = p * w + 2.0 / 11.0;
    p = p * w + 2.0 / 9.0;
    p = p * w + 2.0 / 7.0;
    p = p * w + 2.0 / 5.0;
    p = p * w + 2.0 / 3.0;
    p = p * w + 2.0;
    return n * 0.6931471805599453 + s * p;
}

}  // namespace coreneuron
#endif
