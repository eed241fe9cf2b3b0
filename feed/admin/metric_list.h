// Every metric that we serve, by name, once. OPERATIONS.md has the same list with what to look at when; a test compares.
//
// Names as Prometheus has them: base units, _total for what only grows. Labels come from closed sets, or are cut at a
// bound by whoever fills them (sources, relays). Knows no value.
#pragma once

#include <array>
#include <cstdint>

namespace touchline {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

struct Metric {
  const char* name;
  MetricKind kind;
  const char* help;
};

namespace metric {

using enum MetricKind;

// The process.
inline constexpr Metric build_info{"touchline_build_info", gauge, "1, with version and role"};
inline constexpr Metric ready{"touchline_ready", gauge, "Whether /readyz says so: 1 or 0"};
inline constexpr Metric loop_lag{"touchline_loop_lag_seconds", histogram,
                                 "How late a timer of 100 ms came, because the loop was at other work"};
inline constexpr Metric cpu{"process_cpu_seconds_total", counter, "User and system time of all threads"};
inline constexpr Metric resident{"process_resident_memory_bytes", gauge, "Memory that is really there"};
inline constexpr Metric open_fds{"process_open_fds", gauge, "File descriptors that are open"};
inline constexpr Metric max_fds{"process_max_fds", gauge, "File descriptors that may be open"};
inline constexpr Metric started{"process_start_time_seconds", gauge, "Start, in seconds since 1970"};

// Sources.
inline constexpr Metric source_messages{"touchline_source_messages_total", counter,
                                        "Messages of a source by what became of them"};
inline constexpr Metric source_gaps{"touchline_source_gaps_total", counter,
                                    "Times that numbers of a source were given up on"};
inline constexpr Metric source_missing{"touchline_source_missing_updates_total", counter,
                                       "Numbers of a source that never came"};
inline constexpr Metric source_silence{"touchline_source_silence_seconds", gauge,
                                       "Since a source that is watched said anything"};
inline constexpr Metric source_stale{"touchline_source_stale", gauge,
                                     "Whether the events of a source are marked as stale: 1 or 0"};
inline constexpr Metric source_to_publish{
    "touchline_source_to_publish_seconds", histogram,
    "From the time that a live source gives an update to its commit, after which readers see it"};
inline constexpr Metric source_clock_ahead{
    "touchline_source_clock_ahead_seconds", gauge,
    "The most that a live source's clock was ahead of this one in the last 15 to 30 s"};

// The origin.
inline constexpr Metric events{"touchline_events", gauge, "Events that are known"};
inline constexpr Metric deltas{"touchline_deltas_total", counter, "Deltas since the start"};
inline constexpr Metric critical{"touchline_critical_deltas_total", counter,
                                 "Those that are never conflated"};
inline constexpr Metric late{"touchline_late_updates_total", counter,
                             "Updates that came behind newer ones and were put in their place"};
inline constexpr Metric block_bytes{"touchline_block_bytes_total", counter, "Bytes of deltas as blocks"};
inline constexpr Metric forgotten{"touchline_forgotten_events_total", counter,
                                  "Events that retention has forgotten"};
inline constexpr Metric pending{"touchline_pending_deltas", gauge,
                                "Deltas that wait for the commit under way"};
inline constexpr Metric sources_wait{
    "touchline_sources_held_up", gauge,
    "Whether sources are not read because too much waits for the disk: 1 or 0"};

// The journal.
inline constexpr Metric commit_time{"touchline_journal_commit_seconds", histogram, "How long a commit took"};
inline constexpr Metric batch_deltas{"touchline_journal_batch_deltas", histogram, "Deltas in a commit"};
inline constexpr Metric journal_bytes{"touchline_journal_written_bytes_total", counter,
                                      "Bytes of deltas committed"};
inline constexpr Metric receive_to_durable{"touchline_receive_to_durable_seconds", histogram,
                                           "From an update of a live source coming in to its being on disk"};
inline constexpr Metric store_bytes{"touchline_journal_file_bytes", gauge, "Size of the store's file"};
inline constexpr Metric log_bytes{"touchline_journal_log_bytes", gauge, "Size of the -wal beside it"};
inline constexpr Metric free_bytes{"touchline_journal_disk_free_bytes", gauge, "Room on the store's disk"};
inline constexpr Metric disk_bytes{"touchline_journal_disk_bytes", gauge, "Size of the store's disk"};
inline constexpr Metric checkpoint_fails{"touchline_journal_checkpoint_failing", gauge,
                                         "Whether the -wal cannot be copied into the file: 1 or 0"};

// Hub and sessions.
inline constexpr Metric epoch{"touchline_epoch", gauge, "The epoch of what is published"};
inline constexpr Metric published{"touchline_published_offset", gauge,
                                  "The last offset that readers may see"};
inline constexpr Metric readers{"touchline_readers", gauge, "Readers that have joined"};
inline constexpr Metric handshakes{"touchline_handshakes", gauge, "Connections that have not joined"};
inline constexpr Metric slow_readers{"touchline_slow_readers", gauge, "Readers whose prices are conflated"};
inline constexpr Metric queue_bytes{
    "touchline_session_queue_bytes", gauge,
    "Published bytes that a relay has not been given, the most of its sessions"};
inline constexpr Metric unacknowledged{
    "touchline_session_unacknowledged_deltas", gauge,
    "Deltas that a relay has not acknowledged, the most of its sessions; a reader "
    "that never acknowledges has none"};
inline constexpr Metric trace_spans_sent{"touchline_trace_spans_sent_total", counter,
                                         "Spans of traces that the collector took"};
inline constexpr Metric trace_spans_dropped{"touchline_trace_spans_dropped_total", counter,
                                            "Spans of traces that it did not take, or that were too many"};
inline constexpr Metric refused{"touchline_sessions_refused_total", counter, "Connections that were refused"};
inline constexpr Metric joins{"touchline_joins_total", counter,
                              "Readers that joined, by what brought them here"};
inline constexpr Metric resets{"touchline_resets_total", counter,
                               "Readers that were given states in place of deltas, by cause"};
inline constexpr Metric resyncs{"touchline_resyncs_total", counter,
                                "States of one event that readers asked for"};
inline constexpr Metric keyframes{"touchline_keyframes_total", counter, "States that readers were given"};
inline constexpr Metric conflations{"touchline_conflations_total", counter,
                                    "Stretches that a slow reader was given merged"};
inline constexpr Metric conflated{"touchline_conflated_deltas_total", counter,
                                  "Deltas that went into another there"};
inline constexpr Metric coded{"touchline_coded_updates_total", counter, "Coded updates sent"};
inline constexpr Metric coded_blocks{"touchline_coded_blocks_total", counter,
                                     "Blocks that readers of coded updates were sent in their place"};
inline constexpr Metric sent_bytes{"touchline_sent_bytes_total", counter, "Bytes given to readers"};

// A relay.
inline constexpr Metric upstream_connected{"touchline_relay_upstream_connected", gauge,
                                           "Whether the upstream's welcome is here: 1 or 0"};
inline constexpr Metric upstream_silence{"touchline_relay_upstream_silence_seconds", gauge,
                                         "Since anything came from the upstream"};
inline constexpr Metric upstream_lag{
    "touchline_relay_lag_seconds", gauge,
    "What this clock shows behind the last heartbeat's time by the publisher's clock "
    "when it came: the way and the difference of the clocks"};
inline constexpr Metric missing_deltas{"touchline_relay_missing_deltas", gauge,
                                       "Deltas between the last heartbeat's offset and what is here"};
inline constexpr Metric whole{"touchline_relay_whole", gauge, "Whether all states are here: 1 or 0"};
inline constexpr Metric connects{"touchline_relay_connects_total", counter, "Attempts to reach the upstream"};
inline constexpr Metric received_bytes{"touchline_relay_received_bytes_total", counter,
                                       "Bytes of the upstream"};
inline constexpr Metric forwarded{"touchline_relay_forwarded_deltas_total", counter, "Deltas that went on"};
inline constexpr Metric jumps{"touchline_relay_jumps_total", counter,
                              "Times that the upstream left deltas out"};
inline constexpr Metric asked_again{"touchline_relay_resyncs_total", counter,
                                    "States of one event that were asked for again"};
inline constexpr Metric digests_differed{"touchline_relay_digests_differed_total", counter,
                                         "States that were not what the publisher has"};

inline constexpr std::array all{&build_info,
                                &ready,
                                &loop_lag,
                                &cpu,
                                &resident,
                                &open_fds,
                                &max_fds,
                                &started,
                                &trace_spans_sent,
                                &trace_spans_dropped,
                                &source_messages,
                                &source_gaps,
                                &source_missing,
                                &source_silence,
                                &source_stale,
                                &source_to_publish,
                                &source_clock_ahead,
                                &events,
                                &deltas,
                                &critical,
                                &late,
                                &block_bytes,
                                &forgotten,
                                &pending,
                                &sources_wait,
                                &commit_time,
                                &batch_deltas,
                                &journal_bytes,
                                &receive_to_durable,
                                &store_bytes,
                                &log_bytes,
                                &free_bytes,
                                &disk_bytes,
                                &checkpoint_fails,
                                &epoch,
                                &published,
                                &readers,
                                &handshakes,
                                &slow_readers,
                                &queue_bytes,
                                &unacknowledged,
                                &refused,
                                &joins,
                                &resets,
                                &resyncs,
                                &keyframes,
                                &conflations,
                                &conflated,
                                &coded,
                                &coded_blocks,
                                &sent_bytes,
                                &upstream_connected,
                                &upstream_silence,
                                &upstream_lag,
                                &missing_deltas,
                                &whole,
                                &connects,
                                &received_bytes,
                                &forwarded,
                                &jumps,
                                &asked_again,
                                &digests_differed};

}  // namespace metric
}  // namespace touchline
