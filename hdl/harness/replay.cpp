// Replays frames through a verilated block, clock by clock, without any per-clock work outside C++.
//
// One source for all blocks: port widths come from the verilated class itself, everything else from
// the arguments. Little-endian hosts only, like the word layout in firmware_models/words.py.
#include <cstdint>
#include <cstring>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

struct Job {
    const uint32_t* input;     // n * beats * input_words
    uint32_t* output;          // n * output_words, zeroed by the caller
    const uint32_t* cfg_addr;  // n_cfg register writes after reset
    const uint32_t* cfg_data;
    int64_t n;            // frames
    int64_t n_cfg;
    int64_t input_words;
    int64_t output_words;
    int64_t beats;
    int64_t interval;
    int64_t latency;
    int64_t idle;         // chance of an idle clock before a beat, in 1/256
    int64_t patience;     // clocks past the due clock after which the block is given up
    int64_t seed;
};

struct Report {
    int64_t clocks;
    int64_t answered;
    int64_t extra;        // outputs that no complete input frame accounts for
    int64_t off_time;     // answers on another clock than the table's
    int64_t first_off;    // frame of the first of them, -1: none
    int64_t first_clocks; // its latency
    int64_t unasked;      // clocks with an output before the first frame
    int64_t sent;         // complete frames that went in
};

namespace {

template <class Top> void clock_once(Top& top) {
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

template <class Top> void configure(Top& top, const Job& job) {
    if constexpr (requires { top.cfg_valid_i; }) {
        for (int64_t i = 0; i < job.n_cfg; ++i) {
            top.cfg_valid_i = 1;
            top.cfg_addr_i = job.cfg_addr[i];
            top.cfg_data_i = job.cfg_data[i];
            clock_once(top);
        }
        top.cfg_valid_i = 0;
        // The last address with other data stays on the bus: without valid it must do nothing.
        top.cfg_data_i = ~top.cfg_data_i;
    }
}

template <class Top> void reset(Top& top) {
    top.valid_i = 0;
    if constexpr (requires { top.cfg_valid_i; }) top.cfg_valid_i = 0;
    top.rst_ni = 1;
    top.clk_i = 0;
    top.eval();
    top.rst_ni = 0;
    for (int i = 0; i < 4; ++i) clock_once(top);
    top.rst_ni = 1;
}

uint64_t next_random(uint64_t& state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

template <class Top> void play(Top& top, const Job& job, Report& report) {
    constexpr int64_t never = INT64_MAX / 2;
    const int64_t drain = 2 * job.latency + 64;
    std::vector<int64_t> due(job.n);
    uint64_t random = static_cast<uint64_t>(job.seed) * 0x9E3779B97F4A7C15ull + 1;
    const uint32_t* next = job.input;
    int64_t frame = 0, beat = 0, start = 0, clock = 0, answered = 0, stop = never;
    while (clock < stop) {
        bool drive = frame < job.n && (beat != 0 || clock >= start);
        if (drive && job.idle) drive = static_cast<int64_t>(next_random(random) & 255) >= job.idle;
        top.valid_i = drive;
        if (drive) {
            std::memcpy(&top.data_i, next, sizeof top.data_i);
            next += job.input_words;
            if (beat == 0) start = clock + job.interval;
            if (++beat == job.beats) {
                beat = 0;
                due[frame] = clock + job.latency - 1;
                if (answered == frame) stop = due[frame] + job.patience;
                ++frame;
            }
        } else if (job.idle) {
            // Another frame's data with valid low: a block that ignores valid shows it.
            const int64_t other = next_random(random) % (job.n * job.beats);
            std::memcpy(&top.data_i, job.input + other * job.input_words, sizeof top.data_i);
        }
        clock_once(top);
        if (top.valid_o) {
            if (answered == frame) {
                ++report.extra;
                break;
            }
            if (clock != due[answered]) {
                if (report.off_time++ == 0) {
                    report.first_off = answered;
                    report.first_clocks = clock - due[answered] + job.latency;
                }
            }
            std::memcpy(job.output + answered * job.output_words, &top.data_o, sizeof top.data_o);
            ++answered;
            if (answered < frame) stop = due[answered] + job.patience;
            else stop = answered == job.n ? clock + drain : never;
        }
        ++clock;
    }
    report.clocks = clock;
    report.answered = answered;
    report.sent = frame;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void replay(const Job* job, Report* report) {
    VerilatedContext context;
    // Every register starts at a random value: what reset forgets shows up as a mismatch.
    context.randReset(2);
    context.randSeed(static_cast<int>(job->seed % 0x7fffffff) + 1);
    Vtop top{&context, "top"};
    *report = Report{0, 0, 0, 0, -1, 0, 0, 0};
    reset(top);
    configure(top, *job);
    top.valid_i = 0;
    for (int i = 0; i < 4; ++i) {
        clock_once(top);
        report->unasked += top.valid_o != 0;
    }
    play(top, *job, *report);
    top.final();
}

extern "C" __attribute__((visibility("default"))) void port_bytes(int64_t* input, int64_t* output) {
    *input = sizeof(Vtop::data_i);
    *output = sizeof(Vtop::data_o);
}
