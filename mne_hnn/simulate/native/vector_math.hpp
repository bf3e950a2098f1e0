// exp() for the mechanisms' loops, in a form that the compiler turns into AVX-512 instructions in place.
//
// The mechanisms call exp() unqualified inside namespace coreneuron, so this one is found before libm's.
// A call into libmvec costs more than the arithmetic itself: it spills every live vector register.
//
// exp(x) = 2^n exp(r), n = round(x log2(e)), |r| <= ln(2)/2. exp(r) is a polynomial of degree 10, fitted for
// the least maximal relative error on that interval (2.2e-16). Arguments beyond +-700 are clamped, which no
// membrane voltage reaches. Machines without AVX-512 keep libm or libmvec.
#pragma once
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <cmath>
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
    long long bits;
    std::memcpy(&bits, &p, sizeof bits);
    bits += static_cast<long long>(n) << 52;
    std::memcpy(&p, &bits, sizeof p);
    return p;
}

}  // namespace coreneuron
#endif
