// The tree-matrix solver of CoreNEURON (Hines 1984, doi:10.1016/0020-7101(84)90008-4), for many equal cells.
//
// CoreNEURON's own solver walks one cell after the other: every node waits for its child's division, and the
// processor idles. With cell_permute = 1 the nodes of equal cells stand side by side, so that a whole row of
// cells can be eliminated at once. This file replaces nrn_solve_minimal() when the library is linked; the
// arithmetic per node is the same.
#include <algorithm>
#include <vector>

#include "coreneuron/sim/multicore.hpp"

namespace coreneuron {

bool use_solve_interleave;

namespace {

// Consecutive nodes whose parents are consecutive too, and lie before the first of them: independent rows.
struct Run {
    int first;
    int count;
    int parent;
};

std::vector<Run> find_runs(const NrnThread* nt) {
    const int* parent = nt->_v_parent_index;
    std::vector<Run> runs;
    int node = nt->ncell;
    while (node < nt->end) {
        int count = 1;
        while (node + count < nt->end && parent[node + count] == parent[node] + count &&
               parent[node + count] < node) {
            ++count;
        }
        runs.push_back({node, count, parent[node]});
        node += count;
    }
    return runs;
}

// The runs are kept from step to step, with the tree they belong to: another network, or another integration
// of the same one, may stand at the same address, so the parents themselves are compared (1 % of a step).
struct Plan {
    std::vector<int> parent;
    std::vector<Run> runs;
};

const std::vector<Run>& plan_of(const NrnThread* nt) {
    static thread_local Plan plan;
    const int* parent = nt->_v_parent_index;
    const size_t n = static_cast<size_t>(nt->end);
    const bool same = plan.parent.size() == n + 1 && plan.parent[n] == nt->ncell &&
                      std::equal(parent, parent + n, plan.parent.begin());
    if (!same) {
        plan.parent.assign(parent, parent + n);
        plan.parent.push_back(nt->ncell);
        plan.runs = find_runs(nt);
    }
    return plan.runs;
}

}  // namespace

void nrn_solve_minimal(NrnThread* nt) {
    const std::vector<Run>& runs = plan_of(nt);
    const double* a = nt->_actual_a;
    const double* b = nt->_actual_b;
    double* d = nt->_actual_d;
    double* rhs = nt->_actual_rhs;

    for (size_t k = runs.size(); k-- > 0;) {
        const Run run = runs[k];
        #pragma omp simd
        for (int j = 0; j < run.count; ++j) {
            const int i = run.first + j;
            const int up = run.parent + j;
            const double inverse = 1.0 / d[i];
            const double p = a[i] * inverse;
            d[i] = inverse;
            d[up] -= p * b[i];
            rhs[up] -= p * rhs[i];
        }
    }
    #pragma omp simd
    for (int i = 0; i < nt->ncell; ++i) {
        rhs[i] /= d[i];
    }
    for (const Run& run: runs) {
        #pragma omp simd
        for (int j = 0; j < run.count; ++j) {
            const int i = run.first + j;
            rhs[i] = (rhs[i] - b[i] * rhs[run.parent + j]) * d[i];
        }
    }
}

}  // namespace coreneuron
