// What a run records beside its dipole and spikes: quantities of single cells, and the potential at electrodes.
//
// The potential at a contact is a weighted sum of membrane currents, and these are axial currents, which are differences
// of voltages: so it is a weighted sum of voltages, and its weights are made once. A block leaves the voltages of all
// its steps behind, which are then multiplied by the weights of its cells: as a product of two matrices, with a tile of
// the result in registers.
//
// A cell that nothing has reached yet is its type's undriven cell: it is recorded there, and all such cells are seen by
// the electrodes as one, with the sum of their weights.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tables.hpp"

extern "C" {

enum { MNE_HNN_VOLTAGES = 0, MNE_HNN_CALCIUM = 1, MNE_HNN_SYNAPSES = 2 };

struct MneHnnProbes {
    std::int64_t n_samples;  // to a probe
    std::int64_t stride;     // steps between them
    std::int32_t n_contacts;
    std::int32_t n_probes;
    const double* contact_weight;  // uV/mV, type by type: n_nodes x n_contacts x n_cells
    double* potentials;            // uV, n_steps + 1 to a contact
    const std::int32_t* kind;
    const std::int32_t* gid;
    const std::int32_t* node;
    const double* reversal_mV;
    const std::int64_t* term_start;  // by probe, and the end
    const std::int32_t* term;        // of voltages: the nodes that are summed; of synapses: the slots of banks
    const double* term_weight;
    double* samples;
};
}

// Search mode records nothing.
template <class S>
class Probes {
public:
    template <class... Given>
    void watch(const Given&...) {}
    template <class... Given>
    void observe(const Given&...) {}
    template <class... Given>
    void keep(const Given&...) {}
    template <class... Given>
    void join(const Given&...) {}
    void weigh(int) {}
    void hand_over(std::int64_t, std::int64_t) {}
};

template <>
class Probes<double> {
    using V = Lanes<double>;

    // a tile of the product: so many contacts and steps as leave registers for what they are made of
    static constexpr int C = 5, T = REGISTER_BYTES == 64 ? 5 : 2;

    struct Probe {
        std::int32_t kind, lane, node, number;
    };

public:
    // Say what to record, before the first step.
    template <class B>
    void watch(const MneHnnProbes& given, const std::vector<B>& blocks, std::int64_t n_steps, std::int64_t interval,
               double dt) {
        given_ = given;
        dt_ = dt;
        n_steps_ = n_steps;
        probes_.resize(blocks.size());
        banks_.resize(blocks.size());
        for (int p = 0; p < given.n_probes; ++p) place(p, blocks);
        for (auto& probes: probes_) {
            std::stable_sort(probes.begin(), probes.end(), [](const Probe& a, const Probe& b) {
                return a.kind != b.kind ? a.kind < b.kind : a.node < b.node;
            });
        }
        if (given.n_contacts) spread_weights(blocks, interval);
    }

    // Sample the cells of block `b`, whose state after `k` steps is that of another block's lane if one is given.
    template <class B>
    void observe(size_t b, const B& from, int lane, std::int64_t k) {
        if (!given_.n_probes || probes_[b].empty()) return;
        const bool now = k % given_.stride == 0;
        const bool next = (k + 1) % given_.stride == 0 && k < n_steps_ && lane < 0;
        if (next) conduct(from, banks_[b]);
        int node = -1;
        V cai(0.0);
        for (const Probe& probe: probes_[b]) {
            double* row = given_.samples + probe.number * given_.n_samples;
            const std::int64_t first = given_.term_start[probe.number], end = given_.term_start[probe.number + 1];
            const int at = lane < 0 ? probe.lane : lane;
            double sum = 0.0;
            if (probe.kind == MNE_HNN_SYNAPSES) {
                // as NEURON has it, the current at a time is the one of the step that ends then
                if (!next) continue;
                for (std::int64_t t = first; t < end; ++t) sum += conductances_[given_.term[t]][at];
                sum *= from.v[probe.node][at] - given_.reversal_mV[probe.number];
                row[(k + 1) / given_.stride] = sum;
                continue;
            }
            if (!now) continue;
            if (probe.kind == MNE_HNN_CALCIUM) {
                if (probe.node != node) cai = calcium(from, probe.node, k == 0);
                node = probe.node;
                sum = cai[at];
            } else {
                for (std::int64_t t = first; t < end; ++t) sum += given_.term_weight[t] * from.v[given_.term[t]][at];
            }
            row[k / given_.stride] = sum;
        }
    }

    // Keep the voltages after step number `step` of an interval.
    template <class B>
    INLINE void keep(const B& block, std::int64_t step) {
        if (!given_.n_contacts) return;
        n_ = block.type->n;
        V* to = panel_.get() + step / T * n_ * T + step % T;
        for (int i = 0; i < n_; ++i) to[i * T] = block.v[i];
    }

    // Let the undriven cell of a type, a lane of block `last`, stand for all cells from block `begin` on that wait.
    template <class B>
    void join(const std::vector<B>& blocks, int begin, int last, int n_waiting) {
        if (!given_.n_contacts || waiting_[last] == n_waiting) return;
        waiting_[last] = n_waiting;
        const size_t size = weights_size(blocks[last]);
        for (size_t k = 0; k < size; ++k) {
            double sum = 0.0;
            for (int b = begin; b < last; ++b) {
                if (!blocks[b].waiting) continue;
                for (int lane = 0; lane < V::width; ++lane) sum += weights_[b][k][lane];
            }
            weights_[last][k].set(blocks[last].count, sum);
        }
    }

    // Add what block `b` did in the interval.
    void weigh(int b) {
        if (!given_.n_contacts) return;
        for (int tile = 0; tile < n_tiles_; ++tile) {
            for (int group = 0; group < n_groups_; ++group) {
                multiply(weights_[b].get() + size_t(group) * n_ * C, panel_.get() + size_t(tile) * n_ * T,
                         sums_.get() + size_t(tile * n_groups_ + group) * C * T);
            }
        }
    }

    // Give away the potentials after the steps from `start` to `end`.
    void hand_over(std::int64_t start, std::int64_t end) {
        for (int contact = 0; contact < given_.n_contacts; ++contact) {
            double* row = given_.potentials + contact * (n_steps_ + 1) + start + 1;
            for (std::int64_t step = 0; step < end - start; ++step) {
                const size_t tile = static_cast<size_t>(step / T) * n_groups_ + contact / C;
                V& sum = sums_[(tile * C + contact % C) * T + step % T];
                double total = 0.0;
                for (int lane = 0; lane < V::width; ++lane) total += sum[lane];
                row[step] = total;
            }
        }
        for (int k = 0; k < n_tiles_ * n_groups_ * C * T; ++k) sums_[k] = V(0.0);
    }

private:
    MneHnnProbes given_{};
    std::int64_t n_steps_ = 0;
    double dt_ = 0.0;
    int n_ = 0, n_groups_ = 0, n_tiles_ = 0;
    std::vector<std::vector<Probe>> probes_;          // by block
    std::vector<std::vector<std::int32_t>> banks_;    // of the synapses among them
    std::vector<V> conductances_;                     // by bank and slot
    std::vector<Aligned<V>> weights_;                 // by block: group of contacts, node, contact
    std::vector<int> waiting_;                        // by block: cells that its undriven cell stands for
    Aligned<V> panel_;                                // voltages: group of steps, node, step
    Aligned<V> sums_;                                 // potentials: group of steps, group of contacts, contact, step

    template <class B>
    void place(int p, const std::vector<B>& blocks) {
        for (size_t b = 0; b < blocks.size(); ++b) {
            const int lane = given_.gid[p] - blocks[b].type->given->first_gid - blocks[b].first;
            if (lane < 0 || lane >= blocks[b].count) continue;
            probes_[b].push_back({given_.kind[p], lane, given_.node[p], p});
            if (given_.kind[p] != MNE_HNN_SYNAPSES) return;
            for (std::int64_t t = given_.term_start[p]; t < given_.term_start[p + 1]; ++t) {
                const std::int32_t bank = given_.term[t] / 4;
                auto& banks = banks_[b];
                if (std::find(banks.begin(), banks.end(), bank) == banks.end()) banks.push_back(bank);
                if (conductances_.size() < 4 * size_t(bank + 1)) conductances_.resize(4 * size_t(bank + 1), V(0.0));
            }
            return;
        }
    }

    template <class B>
    size_t weights_size(const B& block) const {
        return size_t(n_groups_) * block.type->n * C;
    }

    template <class B>
    void spread_weights(const std::vector<B>& blocks, std::int64_t interval) {
        const int n_contacts = given_.n_contacts;
        n_groups_ = (n_contacts + C - 1) / C;
        n_tiles_ = static_cast<int>((interval + T - 1) / T);
        waiting_.assign(blocks.size(), 0);
        int most = 0;
        const double* of_type = given_.contact_weight;
        for (size_t b = 0; b < blocks.size(); ++b) {
            const B& block = blocks[b];
            const int n = block.type->n, n_cells = block.type->given->n_cells;
            most = std::max(most, n);
            weights_.emplace_back(weights_size(block));
            for (int i = 0; i < n; ++i) {
                for (int contact = 0; contact < n_contacts; ++contact) {
                    const double* from = of_type + (size_t(i) * n_contacts + contact) * n_cells + block.first;
                    V& to = weights_[b][(size_t(contact / C) * n + i) * C + contact % C];
                    for (int lane = 0; lane < block.count; ++lane) to.set(lane, from[lane]);
                }
            }
            if (block.first + V::width > n_cells) of_type += size_t(n) * n_contacts * n_cells;
        }
        panel_ = Aligned<V>(size_t(n_tiles_) * most * T);
        sums_ = Aligned<V>(size_t(n_tiles_) * n_groups_ * C * T);
    }

    void multiply(const V* weights, const V* voltages, V* sums) const {
        V sum[C][T];
        #pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            #pragma GCC unroll 8
            for (int t = 0; t < T; ++t) sum[c][t] = sums[c * T + t];
        }
        for (int i = 0; i < n_; ++i) {
            V v[T];
            #pragma GCC unroll 8
            for (int t = 0; t < T; ++t) v[t] = voltages[i * T + t];
            #pragma GCC unroll 8
            for (int c = 0; c < C; ++c) {
                const V w = weights[i * C + c];
                #pragma GCC unroll 8
                for (int t = 0; t < T; ++t) sum[c][t] = fused(w, v[t], sum[c][t]);
            }
        }
        #pragma GCC unroll 8
        for (int c = 0; c < C; ++c) {
            #pragma GCC unroll 8
            for (int t = 0; t < T; ++t) sums[c * T + t] = sum[c][t];
        }
    }

    // What the synapses of some banks conduct in the step to come.
    template <class B>
    void conduct(const B& from, const std::vector<std::int32_t>& banks) {
        for (const std::int32_t b: banks) {
            HnnSynapses<V> bank = from.parametrised(b);
            bank.load(&from.banks[size_t(b) * HnnSynapses<V>::n_kept]);
            bank.advance();
            const V g[] = {bank.g_0, bank.g_1, bank.g_2, bank.g_3};
            for (int slot = 0; slot < 4; ++slot) conductances_[4 * size_t(b) + slot] = g[slot];
        }
    }

    // Calcium after a step: the kernel itself advances it at the start of the next one.
    template <class B>
    V calcium(const B& from, int node, bool first) const {
        const auto& type = *from.type;
        hnn_full<V> m{};  // steady states are found from zero
        m.parametrise(&type.parameters[type.parameter_at[node]]);
        m.dt = dt_;
        m.v = from.v[node];
        if (first) {
            m.initial();
        } else {
            m.load(from.kept.get() + type.kept_at[node]);
            m.ca_pool(1.0);
        }
        return m.cai;
    }
};
