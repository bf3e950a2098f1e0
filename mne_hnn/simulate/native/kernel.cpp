// The column, beside NEURON: the same cells, kinetics, events and steps, for this model only.
//
// Cells of a type are alike, so they are lanes of vectors: a block holds as many cells as a register has lanes. One
// pass from the leaves of the tree to its root advances the gates of a segment, turns them into current and eliminates
// the segment from the tree matrix (Hines 1984, doi:10.1016/0020-7101(84)90008-4) while all of it is in registers; a
// second pass from the root gives the voltages. A block runs for as many steps as an event needs from cell to cell at
// least, then the spikes of all blocks are handed out: its numbers stay in the cache for that long.
//
// The order within a step is NEURON's with backward Euler and a fixed step (Carnevale & Hines 2006, The NEURON Book,
// chapter 4): thresholds, events, currents, voltages, gates. Gates are advanced at the start of the next step.
//
// A cell that nothing has reached yet is its type's undriven cell, which is simulated anyway: a block starts with the
// first event that one of its cells receives.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

#include "probes.hpp"
#include "tables.hpp"

extern "C" {

// All cells of one type. Nodes are numbered from the soma outwards: a node's parent comes before it.
struct MneHnnType {
    std::int32_t n_cells, first_gid, n_nodes, n_banks, n_moments, n_clamps, n_levels;
    const std::int32_t* parent;
    const std::int32_t* membrane;         // 0: none, else the number of the mechanism
    const double* capacity;               // nA ms/mV
    const double* area;                   // from mA/cm2 to nA
    const double* axial_uS;               // to the parent
    const double* start_mV;
    const double* parameters;             // of the membranes, node by node
    const double* bank_parameters;        // of the synapses, bank by bank
    const std::int32_t* injection_start;  // by node, and the end: of `injections`
    const std::int32_t* injections;       // banks
    const std::int32_t* moment_node;
    const double* moment_weight;          // fA m/mV
    const std::int32_t* clamp_node;
    const double* clamp;                  // amplitude (nA), start and end (ms)
    const double* threshold_mV;           // by level: cells can be heard at several thresholds
    const std::int32_t* level_source;     // by level: the number of the first cell as a source of events
};

// Who is told of a spike: by source, each route with its target, delay and weights.
struct MneHnnRoutes {
    const std::int64_t* start;  // by source, and the end
    const std::int32_t* target;
    const std::int32_t* bank;  // the first of those that the weights are for
    const double* delay_ms;
    const double* weight_uS;  // `stride` to a route
    std::int32_t stride;
};

struct MneHnnRun {
    std::int32_t n_types;
    const MneHnnType* types;
    MneHnnRoutes routes;
    double dt;
    std::int64_t n_steps;
    std::int64_t interval;  // steps that no event is faster than
    std::int32_t search;    // 1: single precision, two steps at a time
    const double* membrane_parameters;  // of each mechanism, in the order of their numbers: what tables are made with
};
}

namespace {

constexpr int SLOTS = 4;

struct Event {
    std::int32_t step;
    std::int32_t bank;
    std::int32_t lane;
    const double* weight;
};

struct Spike {
    std::int64_t step;
    std::int32_t source;  // of the first level the number of the cell
};

// One threshold of the cells of a block.
template <class S>
struct Level {
    Lanes<S> threshold{S(1e30)};
    typename Lanes<S>::Mask above{};
    std::int32_t source = 0;  // of the first cell of the block
};

// What the cells of a type share, in the precision of the run.
template <class S>
struct Type {
    using V = Lanes<S>;

    const MneHnnType* given;
    int n;
    std::vector<S> diagonal, axial, area, parameters, bank_parameters, moment;
    std::vector<int> parameter_at, kept_at, gates_at;
    std::vector<std::uint8_t> chained, joined;  // parent is the node before; children that are not the node after
    std::vector<S> clamp_now;
    int n_kept = 0, n_gates = 0;

    Type(const MneHnnType& g, double step): given(&g), n(g.n_nodes) {
        const int parameters_of[] = {0, hnn_hh<V>::n_parameters, hnn_hh_km<V>::n_parameters, hnn_full<V>::n_parameters};
        const int kept_of[] = {0, hnn_hh<V>::n_kept, hnn_hh_km<V>::n_kept, hnn_full<V>::n_kept};
        const int gates_of[] = {0, Gates<hnn_hh, S>::size, Gates<hnn_hh_km, S>::size, Gates<hnn_full, S>::size};
        diagonal.resize(n);
        chained.assign(n, 0);
        joined.assign(n, 0);
        clamp_now.assign(n, S(0));
        int at = 0;
        std::vector<double> sums(n);
        for (int i = 0; i < n; ++i) {
            sums[i] += g.capacity[i] / step;
            if (i) {
                sums[i] += g.axial_uS[i];
                sums[g.parent[i]] += g.axial_uS[i];
                chained[i] = g.parent[i] == i - 1;
                if (!chained[i]) joined[g.parent[i]] = 1;
            }
            axial.push_back(static_cast<S>(g.axial_uS[i]));
            area.push_back(static_cast<S>(g.area[i]));
            parameter_at.push_back(at);
            kept_at.push_back(n_kept);
            gates_at.push_back(n_gates * V::width);
            at += parameters_of[g.membrane[i]];
            n_kept += kept_of[g.membrane[i]];
            n_gates += gates_of[g.membrane[i]];
        }
        for (int i = 0; i < n; ++i) diagonal[i] = static_cast<S>(sums[i]);
        for (int k = 0; k < at; ++k) parameters.push_back(static_cast<S>(g.parameters[k]));
        const int n_bank_parameters = g.n_banks * HnnSynapses<V>::n_parameters;
        for (int k = 0; k < n_bank_parameters; ++k) bank_parameters.push_back(static_cast<S>(g.bank_parameters[k]));
        for (int k = 0; k < g.n_moments; ++k) moment.push_back(static_cast<S>(g.moment_weight[k]));
    }

    bool clamped_before(double time) const {
        for (int c = 0; c < given->n_clamps; ++c) {
            if (given->clamp[3 * c + 1] < time) return true;
        }
        return false;
    }

    // Mean current of each clamp from `time` to `time` + `step`, as NEURON has it: on or off by the middle of a step.
    void set_clamps(double time, double dt, int substeps) {
        for (int c = 0; c < given->n_clamps; ++c) clamp_now[given->clamp_node[c]] = S(0);
        for (int c = 0; c < given->n_clamps; ++c) {
            const double* clamp = given->clamp + 3 * c;
            for (int s = 0; s < substeps; ++s) {
                const double middle = time + (s + 0.5) * dt;
                if (middle >= clamp[1] && middle < clamp[2]) {
                    clamp_now[given->clamp_node[c]] += static_cast<S>(clamp[0] / substeps);
                }
            }
        }
    }
};

template <class S>
struct Block {
    using V = Lanes<S>;
    using Mask = typename V::Mask;

    Type<S>* type;
    int first, count;
    bool waiting = true;  // no event has reached any of its cells
    Aligned<V> v, rhs, inverse, added_d, added_r, kept, banks, bank_g, bank_ge;
    Aligned<S> gates;
    std::vector<std::uint8_t> active;
    V real, before;
    std::vector<Level<S>> levels;
    std::vector<std::vector<Event>> calendar;

    Block(Type<S>& t, int first_cell, int n_cells, size_t n_intervals, S dt)
        : type(&t)
        , first(first_cell)
        , count(n_cells)
        , v(t.n)
        , rhs(t.n)
        , inverse(t.n)
        , added_d(t.n)
        , added_r(t.n)
        , kept(t.n_kept)
        , banks(size_t(t.given->n_banks) * HnnSynapses<V>::n_kept)
        , bank_g(t.given->n_banks)
        , bank_ge(t.given->n_banks)
        , gates(size_t(t.n_gates) * V::width)
        , active(t.given->n_banks, 0)
        , real(S(0))
        , before(S(0))
        , levels(t.given->n_levels)
        , calendar(n_intervals) {
        for (int i = 0; i < t.n; ++i) v[i] = V(static_cast<S>(t.given->start_mV[i]));
        before = v[0];
        for (int lane = 0; lane < count; ++lane) real.set(lane, S(1));
        for (size_t l = 0; l < levels.size(); ++l) {
            const S threshold = static_cast<S>(t.given->threshold_mV[l]);
            for (int lane = 0; lane < count; ++lane) levels[l].threshold.set(lane, threshold);
            levels[l].source = t.given->level_source[l] + first;
        }
        for (int b = 0; b < t.given->n_banks; ++b) {
            HnnSynapses<V> bank = parametrised(b);
            bank.dt = dt;
            bank.initial();
            bank.store(&banks[size_t(b) * bank.n_kept]);
        }
    }

    INLINE HnnSynapses<V> parametrised(int b) const {
        HnnSynapses<V> bank;
        bank.parametrise(&type->bank_parameters[size_t(b) * bank.n_parameters]);
        return bank;
    }

    // Take over the state of one lane of another block, before it is advanced any further.
    void start_from(const Block& other, int lane) {
        for (int i = 0; i < type->n; ++i) v[i] = V(other.v[i][lane]);
        for (int k = 0; k < type->n_kept; ++k) kept[k] = V(other.kept[k][lane]);
        for (int i = 0; i < type->n; ++i) {
            const S* from = other.gates.get() + type->gates_at[i];
            S* to = gates.get() + type->gates_at[i];
            switch (type->given->membrane[i]) {
                case 1:
                    Gates<hnn_hh, S>::spread(from, lane, to);
                    break;
                case 2:
                    Gates<hnn_hh_km, S>::spread(from, lane, to);
                    break;
                case 3:
                    Gates<hnn_full, S>::spread(from, lane, to);
                    break;
                default:
                    break;
            }
        }
        before = V(other.before[lane]);
    }
};

class Base {
public:
    virtual ~Base() = default;
    virtual void add(std::int64_t n, const double* time, const std::int32_t* target, const std::int32_t* bank,
                     const std::int64_t* row, const double* weight, std::int32_t stride) = 0;
    virtual void watch(const MneHnnProbes& probes) = 0;
    virtual std::int64_t advance(std::int64_t until) = 0;
    virtual void moments(std::int32_t type, double* sum, double* reference) const = 0;
    virtual double largest_voltage() const = 0;
    std::vector<Spike> spikes;
    std::vector<double> times;
};

// The tables of all mechanisms for one time step and temperature. Those of the last one are kept: a small network runs
// for as long as it takes to make them.
template <class S>
struct Tables {
    using D = Lanes<double>;
    static constexpr int n_hh = hnn_hh<D>::n_parameters, n_km = hnn_hh_km<D>::n_parameters;
    static constexpr int n_all = n_hh + n_km + hnn_full<D>::n_parameters;

    Tables(double step, const double* p)
        : dt(step), parameters(p, p + n_all), hh(step, p), hh_km(step, p + n_hh), full(step, p + n_hh + n_km) {}

    bool hold(double step, const double* p) const { return dt == step && std::equal(p, p + n_all, parameters.begin()); }

    const double dt;
    const std::vector<double> parameters;
    const Gates<hnn_hh, S> hh;
    const Gates<hnn_hh_km, S> hh_km;
    const Gates<hnn_full, S> full;
};

template <class S>
std::shared_ptr<const Tables<S>> tables_for(double dt, const double* parameters) {
    static std::mutex mutex;
    static std::shared_ptr<const Tables<S>> last;
    const std::lock_guard<std::mutex> guard(mutex);
    if (!last || !last->hold(dt, parameters)) last = std::make_shared<const Tables<S>>(dt, parameters);
    return last;
}

template <class S>
class Column final: public Base {
    using V = Lanes<S>;
    using Mask = typename V::Mask;

public:
    explicit Column(const MneHnnRun& run)
        : run_(run)
        , substeps_(run.search ? 2 : 1)
        , theta_(run.search ? 0.75 : 1.0)  // backward Euler, or what has its error at half the step
        , dt_(run.dt * substeps_)
        , tables_(tables_for<S>(dt_, run.membrane_parameters)) {
        const size_t n = static_cast<size_t>(run.n_steps) + 2 * substeps_ + 1;
        times.resize(n);
        for (size_t k = 1; k < n; ++k) {
            times[k] = times[k - 1] + 0.5 * run.dt;  // rounded as NEURON's time is
            times[k] += 0.5 * run.dt;
        }
        // a spike can be found one step late, and a pass does all its steps
        interval_ = run.interval;
        if (run.search) interval_ = std::max<std::int64_t>(2, (run.interval - 1) / 2 * 2);
        const size_t n_intervals = n / static_cast<size_t>(interval_) + 2;
        types_.reserve(run.n_types);
        for (int t = 0; t < run.n_types; ++t) types_.emplace_back(run.types[t], theta_ * dt_);
        for (auto& type: types_) {
            begin_.push_back(static_cast<int>(blocks_.size()));
            int first = 0;
            // the last block has a lane left, for the undriven cell
            for (; first <= type.given->n_cells; first += V::width) {
                const int count = std::min(V::width, type.given->n_cells - first);
                blocks_.emplace_back(type, first, count, n_intervals, static_cast<S>(run.dt));
            }
            blocks_.back().waiting = false;
            last_.push_back(static_cast<int>(blocks_.size()) - 1);
            first_gid_.push_back(type.given->first_gid);
            moments_.emplace_back(type.given->n_moments ? n : 0);
            undriven_.emplace_back(type.given->n_moments ? n : 0);
            waiting_.emplace_back(type.given->n_moments ? n : 0);
            if (type.given->n_moments) {  // at the start all cells are alike
                double sum = 0.0;
                for (int j = 0; j < type.given->n_moments; ++j) {
                    sum += type.given->moment_weight[j] * type.given->start_mV[type.given->moment_node[j]];
                }
                undriven_.back()[0] = static_cast<S>(sum);
                waiting_.back()[0] = type.given->n_cells;
            }
        }
    }

    void add(std::int64_t n, const double* time, const std::int32_t* target, const std::int32_t* bank,
             const std::int64_t* row, const double* weight, std::int32_t stride) override {
        for (std::int64_t k = 0; k < n; ++k) insert(time[k], target[k], bank[k], weight + row[k] * stride);
    }

    void watch(const MneHnnProbes& probes) override {
        probes_.watch(probes, blocks_, run_.n_steps, interval_, dt_);
        for (size_t b = 0; b < blocks_.size(); ++b) probes_.observe(b, blocks_[b], -1, 0);
    }

    std::int64_t advance(std::int64_t until) override {
        while (now_ < until && now_ < run_.n_steps) {
            const std::int64_t end = std::min<std::int64_t>(now_ + interval_, run_.n_steps);
            const size_t interval = static_cast<size_t>(now_ / interval_);
            const size_t known = spikes.size();
            for (size_t t = 0; t < types_.size(); ++t) wake(t, interval, times[end]);
            for (size_t t = 0; t < types_.size(); ++t) {
                run_reference(t, interval, end);
                for (int b = begin_[t]; b < last_[t]; ++b) {
                    if (!blocks_[b].waiting) run_block(b, t, interval, end);
                }
            }
            probes_.hand_over(now_, end);
            std::sort(spikes.begin() + known, spikes.end(), [](const Spike& a, const Spike& b) {
                return a.step != b.step ? a.step < b.step : a.source < b.source;
            });
            for (size_t s = known; s < spikes.size(); ++s) hand_out(spikes[s]);
            now_ = end + (end - now_) % substeps_;
        }
        return now_;
    }

    void moments(std::int32_t type, double* sum, double* reference) const override {
        if (!types_[type].given->n_moments) return;
        for (std::int64_t k = 0; k <= run_.n_steps; ++k) {
            const std::int64_t a = k - k % substeps_, b = k + k % substeps_;
            sum[k] = 0.5 * (total(type, a) + total(type, b));
            reference[k] = 0.5 * (double(undriven_[type][a]) + double(undriven_[type][b]));
        }
    }

    double largest_voltage() const override {
        double largest = 0.0;
        for (const auto& block: blocks_) {
            for (int i = 0; i < block.type->n; ++i) {
                for (int lane = 0; lane < V::width; ++lane) {
                    const double size = std::abs(double(block.v[i][lane]));
                    if (!(size <= largest)) largest = size;  // also what is not a number
                    if (!(size < 1e300)) return INFINITY;
                }
            }
        }
        return largest;
    }

private:
    const MneHnnRun run_;
    const int substeps_;
    const double theta_, dt_;
    std::int64_t interval_, now_ = 0;
    const std::shared_ptr<const Tables<S>> tables_;
    std::vector<Type<S>> types_;
    std::vector<Block<S>> blocks_;
    std::vector<int> begin_, last_, first_gid_;
    std::vector<Aligned<V>> moments_;         // of the blocks that run
    std::vector<std::vector<S>> undriven_;    // of the undriven cell
    std::vector<std::vector<int>> waiting_;   // cells that are like it, by step
    Probes<S> probes_;
    std::vector<Event> sorted_;
    std::vector<int> counts_;

    double total(int type, std::int64_t k) const {
        double sum = 0.0;
        for (int lane = 0; lane < V::width; ++lane) sum += double(moments_[type][k][lane]);
        return sum + double(undriven_[type][k]) * waiting_[type][k];
    }

    Block<S>& block_of(int gid, int& lane) {
        const size_t t = std::upper_bound(first_gid_.begin(), first_gid_.end(), gid) - first_gid_.begin() - 1;
        const int cell = gid - first_gid_[t];
        lane = cell % V::width;
        return blocks_[begin_[t] + cell / V::width];
    }

    // Put an event where it is found at the step that it belongs to: the first whose middle it does not pass.
    INLINE void insert(double time, int target, int bank, const double* weight) {
        const double half = 0.5 * run_.dt;
        std::int64_t step = static_cast<std::int64_t>(std::max(0.0, time / run_.dt - 0.5));
        if (step >= run_.n_steps) return;
        while (step > 0 && time <= times[step - 1] + half) --step;
        while (step < run_.n_steps && time > times[step] + half) ++step;
        if (step >= run_.n_steps) return;
        int lane;
        Block<S>& block = block_of(target, lane);
        block.calendar[step / interval_].push_back({static_cast<std::int32_t>(step), bank, lane, weight});
    }

    void hand_out(const Spike& spike) {
        const MneHnnRoutes& routes = run_.routes;
        const double time = times[spike.step] + 1e-10;  // as NEURON has it
        for (std::int64_t r = routes.start[spike.source]; r < routes.start[spike.source + 1]; ++r) {
            insert(time + routes.delay_ms[r], routes.target[r], routes.bank[r], routes.weight_uS + r * routes.stride);
        }
    }

    // Start the blocks of a type that something reaches in this interval.
    void wake(size_t t, size_t interval, double end_time) {
        const Block<S>& last = blocks_[last_[t]];
        const bool clamped = types_[t].clamped_before(end_time);
        for (int b = begin_[t]; b < last_[t]; ++b) {
            Block<S>& block = blocks_[b];
            if (block.waiting && (clamped || !block.calendar[interval].empty())) {
                if (now_ > 0) block.start_from(last, last.count);
                for (auto& level: block.levels) level.above = above_like(level, last);
                block.waiting = false;
            }
        }
    }

    Mask above_like(const Level<S>& level, const Block<S>& last) const {
        return now_ > 0 ? Mask(V(last.before[last.count]) > level.threshold) : Mask{};
    }

    void run_reference(size_t t, size_t interval, std::int64_t end) {
        Block<S>& last = blocks_[last_[t]];
        const bool measured = types_[t].given->n_moments > 0;
        int n_waiting = 0;
        for (int b = begin_[t]; b < last_[t]; ++b) n_waiting += blocks_[b].waiting ? blocks_[b].count : 0;
        probes_.join(blocks_, begin_[t], last_[t], n_waiting);
        prepare(last, interval);
        size_t event = 0;
        for (std::int64_t k = now_; k < end; k += substeps_) {
            // cells that wait cross their thresholds with the undriven one
            for (int b = begin_[t]; b < last_[t]; ++b) {
                if (blocks_[b].waiting) detect(blocks_[b], V(last.v[0][last.count]), V(last.before[last.count]), k);
            }
            step(last, t, k, event);
            if (measured) {
                undriven_[t][k + substeps_] = moment_[last.count];
                waiting_[t][k + substeps_] = n_waiting;
            }
            probes_.keep(last, k - now_);
            probes_.observe(last_[t], last, -1, k + 1);
            for (int b = begin_[t]; b < last_[t]; ++b) {
                if (blocks_[b].waiting) probes_.observe(b, last, last.count, k + 1);
            }
        }
        probes_.weigh(last_[t]);
    }

    void run_block(int b, size_t t, size_t interval, std::int64_t end) {
        Block<S>& block = blocks_[b];
        prepare(block, interval);
        size_t event = 0;
        for (std::int64_t k = now_; k < end; k += substeps_) {
            step(block, t, k, event);
            probes_.keep(block, k - now_);
            probes_.observe(b, block, -1, k + 1);
        }
        probes_.weigh(b);
    }

    // Let synapses rest that have died away: in single precision they would become denormal numbers, which are slow.
    void rest(Block<S>& block) {
        constexpr S least = sizeof(S) == 8 ? S(1e-100) : S(1e-30);
        for (int b = 0; b < block.type->given->n_banks; ++b) {
            if (!block.active[b]) continue;
            V* kept = &block.banks[size_t(b) * HnnSynapses<V>::n_kept];
            HnnSynapses<V> bank;
            bank.load(kept);
            V* const states[] = {&bank.A_0, &bank.A_1, &bank.A_2, &bank.A_3, &bank.B_0, &bank.B_1, &bank.B_2, &bank.B_3};
            bool live = false;
            for (const V* state: states) live = live || any(fabs(*state) > least);
            if (live) continue;
            for (V* state: states) *state = V(S(0));
            bank.store(kept);
            block.active[b] = 0;
        }
    }

    // Sort the events of an interval by step; those of a step stay in the order in which they were found.
    void prepare(Block<S>& block, size_t interval) {
        rest(block);
        auto& events = block.calendar[interval];
        counts_.assign(interval_ + 1, 0);
        const std::int64_t start = static_cast<std::int64_t>(interval) * interval_;
        for (const Event& event: events) ++counts_[event.step - start + 1];
        for (std::int64_t k = 0; k < interval_; ++k) counts_[k + 1] += counts_[k];
        sorted_.resize(events.size());
        for (const Event& event: events) sorted_[counts_[event.step - start]++] = event;
        std::vector<Event>().swap(events);
    }

    V moment_;

    INLINE void step(Block<S>& block, size_t t, std::int64_t k, size_t& event) {
        detect(block, block.v[0], block.before, k);
        block.before = block.v[0];
        synapses(block, k, event);
        if (block.type->given->n_clamps) block.type->set_clamps(times[k], run_.dt, substeps_);
        up(block, k == 0);
        down(block);
        const MneHnnType& given = *block.type->given;
        if (given.n_moments) {
            V q(S(0));
            for (int j = 0; j < given.n_moments; ++j) {
                q = q + block.type->moment[j] * block.v[given.moment_node[j]];
            }
            moment_ = q;
            V& sum = moments_[t][k + substeps_];
            sum = sum + q * block.real;
        }
    }

    // Note which cells have crossed their thresholds since the last step.
    INLINE void detect(Block<S>& block, V v, V before, std::int64_t k) {
        for (auto& level: block.levels) {
            const Mask now = v > level.threshold;
            const Mask fresh = now & ~level.above;
            level.above = now;
            if (!any(fresh)) continue;
            for (int lane = 0; lane < block.count; ++lane) {
                if (!fresh[lane]) continue;
                std::int64_t at = k;
                // between two steps: the first of the finer grid at which a straight line lies above
                if (substeps_ == 2 && k > 0 && 0.5f * (v[lane] + before[lane]) > level.threshold[lane]) --at;
                spikes.push_back({at, level.source + lane});
            }
        }
    }

    INLINE void synapses(Block<S>& block, std::int64_t k, size_t& event) {
        const int n_banks = block.type->given->n_banks;
        for (int b = 0; b < n_banks; ++b) {
            block.bank_g[b] = V(S(0));
            block.bank_ge[b] = V(S(0));
        }
        const S part = S(1) / S(substeps_);
        for (int s = 0; s < substeps_; ++s) {
            for (int b = 0; b < n_banks; ++b) {
                if (!block.active[b]) continue;
                V* kept = &block.banks[size_t(b) * HnnSynapses<V>::n_kept];
                HnnSynapses<V> bank = block.parametrised(b);
                bank.load(kept);
                bank.advance();
                bank.store(kept);
                block.bank_g[b] = block.bank_g[b] + part * bank.g;
                block.bank_ge[b] = block.bank_ge[b] + part * bank.ge;
            }
            receive(block, k + s, event);
        }
    }

    INLINE void receive(Block<S>& block, std::int64_t step, size_t& event) {
        while (event < sorted_.size() && sorted_[event].step == step) {
            const int b = sorted_[event].bank;
            V w[SLOTS] = {V(S(0)), V(S(0)), V(S(0)), V(S(0))};
            // those of the same bank that follow at once
            while (event < sorted_.size() && sorted_[event].step == step && sorted_[event].bank == b) {
                const Event& e = sorted_[event++];
                for (int slot = 0; slot < SLOTS; ++slot) {
                    w[slot].set(e.lane, w[slot][e.lane] + static_cast<S>(e.weight[slot]));
                }
            }
            V* kept = &block.banks[size_t(b) * HnnSynapses<V>::n_kept];
            HnnSynapses<V> bank = block.parametrised(b);
            bank.load(kept);
            bank.net_receive(w[0], w[1], w[2], w[3]);
            bank.store(kept);
            block.active[b] = 1;
        }
    }

    // Give the gates of a node their steady states, and what else the mechanism starts from.
    template <template <class> class M>
    __attribute__((noinline)) void start(const Gates<M, S>& gates, S* own, M<V>& m) {
        for (int g = 0; g < m.n_gates; ++g) m.gate(g) = V(S(0));  // steady states are found from zero
        V zero[M<V>::n_kept + 1];
        for (V& number: zero) number = V(S(0));
        m.load(zero);
        m.initial();
        gates.store(m, own);
    }

    template <template <class> class M>
    INLINE void membrane(Block<S>& block, const Gates<M, S>& gates, int i, bool first, V v, V& d, V& r) {
        const Type<S>& type = *block.type;
        M<V> m;
        m.parametrise(&type.parameters[type.parameter_at[i]]);
        m.dt = static_cast<S>(dt_);
        m.v = v;
        V* kept = block.kept.get() + type.kept_at[i];
        S* own = block.gates.get() + type.gates_at[i];
        if (__builtin_expect(first, 0)) {
            start(gates, own, m);
        } else {
            m.load(kept);
            gates.advance(v, own, m);
            m.advance_rest();
        }
        m.currents();
        m.store(kept);
        d = d + m.g * type.area[i];
        r = r - m.i * type.area[i];
    }

    // Currents of every node, and its elimination from the matrix, from the leaves to the root.
    void up(Block<S>& block, bool first) {
        const Type<S>& type = *block.type;
        const MneHnnType& given = *type.given;
        const Tables<S>& tables = *tables_;
        V carried_d(S(0)), carried_r(S(0));
        for (int i = type.n - 1; i >= 0; --i) {
            const V v = block.v[i];
            V d = carried_d + type.diagonal[i];
            V r = carried_r;
            if (type.joined[i]) {
                d = d + block.added_d[i];
                r = r + block.added_r[i];
                block.added_d[i] = V(S(0));
                block.added_r[i] = V(S(0));
            }
            switch (given.membrane[i]) {
                case 1:
                    membrane(block, tables.hh, i, first, v, d, r);
                    break;
                case 2:
                    membrane(block, tables.hh_km, i, first, v, d, r);
                    break;
                case 3:
                    membrane(block, tables.full, i, first, v, d, r);
                    break;
                default:
                    break;
            }
            for (int k = given.injection_start[i]; k < given.injection_start[i + 1]; ++k) {
                const int b = given.injections[k];
                if (block.active[b]) {
                    d = d + block.bank_g[b];
                    r = r + (block.bank_ge[b] - block.bank_g[b] * v);
                }
            }
            if (given.n_clamps) r = r + type.clamp_now[i] * block.real;
            carried_d = V(S(0));
            carried_r = V(S(0));
            V to_parent_d(S(0)), to_parent_r(S(0));
            V inverse;
            if (i) {
                const S axial = type.axial[i];
                const V current = axial * (block.v[given.parent[i]] - v);
                r = r + current;
                inverse = S(1) / d;
                const V f = axial * inverse;
                to_parent_d = -(axial * f);
                to_parent_r = f * r - current;
            } else {
                inverse = S(1) / d;
            }
            block.inverse[i] = inverse;
            block.rhs[i] = r;
            if (type.chained[i]) {
                carried_d = to_parent_d;
                carried_r = to_parent_r;
            } else if (i) {
                const int p = given.parent[i];
                block.added_d[p] = block.added_d[p] + to_parent_d;
                block.added_r[p] = block.added_r[p] + to_parent_r;
            }
        }
    }

    // Voltages, from the root to the leaves.
    void down(Block<S>& block) {
        const Type<S>& type = *block.type;
        const S scale = static_cast<S>(1.0 / theta_);
        V last = block.rhs[0] * block.inverse[0];
        block.rhs[0] = last;
        block.v[0] = block.v[0] + scale * last;
        for (int i = 1; i < type.n; ++i) {
            const V above = type.chained[i] ? last : block.rhs[type.given->parent[i]];
            last = (block.rhs[i] + type.axial[i] * above) * block.inverse[i];
            block.rhs[i] = last;
            block.v[i] = block.v[i] + scale * last;
        }
    }
};

}  // namespace

extern "C" {

void* mne_hnn_new(const MneHnnRun* run) {
    try {
        if (run->search) return static_cast<Base*>(new Column<float>(*run));
        return static_cast<Base*>(new Column<double>(*run));
    } catch (const std::bad_alloc&) {
        return nullptr;
    } catch (const std::length_error&) {
        return nullptr;
    }
}

void mne_hnn_delete(void* column) { delete static_cast<Base*>(column); }

std::int32_t mne_hnn_add(void* column, std::int64_t n, const double* time, const std::int32_t* target,
                         const std::int32_t* bank, const std::int64_t* row, const double* weight,
                         std::int32_t stride) {
    try {
        static_cast<Base*>(column)->add(n, time, target, bank, row, weight, stride);
        return 1;
    } catch (const std::bad_alloc&) {
        return 0;
    }
}

std::int32_t mne_hnn_watch(void* column, const MneHnnProbes* probes) {
    try {
        static_cast<Base*>(column)->watch(*probes);
        return 1;
    } catch (const std::bad_alloc&) {
        return 0;
    } catch (const std::length_error&) {
        return 0;
    }
}

// Return the step that was reached, or -1 if memory is short.
std::int64_t mne_hnn_advance(void* column, std::int64_t until) {
    try {
        return static_cast<Base*>(column)->advance(until);
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

void mne_hnn_moments(void* column, std::int32_t type, double* sum, double* reference) {
    static_cast<Base*>(column)->moments(type, sum, reference);
}

double mne_hnn_largest_voltage(void* column) { return static_cast<Base*>(column)->largest_voltage(); }

std::int64_t mne_hnn_n_spikes(void* column) {
    return static_cast<std::int64_t>(static_cast<Base*>(column)->spikes.size());
}

void mne_hnn_spikes(void* column, double* time, std::int64_t* gid) {
    const Base& base = *static_cast<Base*>(column);
    for (size_t k = 0; k < base.spikes.size(); ++k) {
        time[k] = base.times[base.spikes[k].step] + 1e-10;
        gid[k] = base.spikes[k].source;
    }
}

std::int32_t mne_hnn_lanes(std::int32_t search) { return search ? Lanes<float>::width : Lanes<double>::width; }
}
