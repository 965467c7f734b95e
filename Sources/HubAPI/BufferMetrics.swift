internal import AlertModel
internal import Bundles
internal import Desk
internal import Devices
internal import FoundationEssentials
internal import Streams
internal import Hub
internal import Serving
internal import Tablets

/// A gauge for every bounded buffer that is not a queue: ARCHITECTURE.md has the bounds.
extension HubRouter {
    func memoryMetrics(_ text: inout MetricsText) {
        let journal = hub.logFigures
        text.add("noroshi_journal_rows", "gauge", "Delivery rows in memory.", Double(journal.rows))
        text.add("noroshi_log_followers", "gauge", "Who follows the delivery log.", Double(journal.followers))
        text.add(
            "noroshi_log_follower_lost_rows_total", "counter", "Rows that followers lost because they did not read.",
            Double(journal.lost))
        for (mode, told) in ModeName.allCases.map({ ($0, hub.toldEvents($0)) }) {
            let label = [("mode", mode.rawValue)]
            text.add("noroshi_told_events", "gauge", "Events of which it is known who was told.", Double(told), label)
            text.add("noroshi_stories", "gauge", "Events whose story is known.", Double(hub.storyCount(mode)), label)
        }
        text.add("noroshi_bulletins_seen", "gauge", "Bulletins known by their digest.", Double(hub.seenCount))
        text.add("noroshi_order_keys", "gauge", "Idempotency keys of orders that are known.", Double(hub.orderKeyCount))
        text.add("noroshi_desk_present", "gauge", "Pages of the desk that asked within a minute who is there.", Double(hub.presence.count))
        let left = hub.archived
        text.add("noroshi_archived_rows_total", "counter", "Rows that left the record for the archive since the start.", Double(left.rows))
        text.add("noroshi_archived_alerts_total", "counter", "Alerts that left the record for the archive since the start.", Double(left.alerts))
        text.add(
            "noroshi_archive_last_run_seconds", "gauge", "When the last round of archiving ended, Unix time; 0 before the first.",
            hub.retired.last?.timeIntervalSince1970 ?? 0)
        let proof = hub.copyProof.flatMap { $0.trouble == nil ? $0 : nil }
        text.add(
            "noroshi_copy_proved_timestamp_seconds", "gauge", "When a copy was last proved to open by the hub's own drill, Unix time; 0: never, or the last one failed.",
            proof.map { $0.at.timeIntervalSince1970 } ?? 0)
        text.add("noroshi_copy_proof_seconds", "gauge", "How long the drill took from the copy to a record that could be served.", proof?.took ?? 0)
        for partner in configuration.heldCopies?.partners ?? [] {
            let held = configuration.heldCopies?.held[partner.town] ?? [], label = [("town", partner.town.code)]
            text.add("noroshi_held_copies", "gauge", "Sealed copies that are held for another town.", Double(held.count), label)
            text.add(
                "noroshi_held_copy_timestamp_seconds", "gauge", "When the newest copy that is held for another town was made, Unix time; 0: none is held.",
                Double(held.last?.slip.number ?? 0), label)
            text.add(
                "noroshi_held_copy_age_seconds", "gauge", "Since the newest copy that is held for another town was made; -1: none is held.",
                held.last.map { max(0, hub.clock().timeIntervalSince(Date(timeIntervalSince1970: Double($0.slip.number)))) } ?? -1, label)
        }
        text.add("noroshi_sources", "gauge", "Ways in that are watched.", Double(hub.health.all.count))
    }

    func doorMetrics(_ text: inout MetricsText) {
        let door = hub.stream.doorGauges
        text.add("noroshi_stream_past_events", "gauge", "Events of the school with the longest past.", Double(door.longestPast))
        text.add(
            "noroshi_connections_undecided", "gauge", "Connections that have not said yet what they want.",
            Double(door.undecided))
        configuration.keeper?.gauges.add(to: &text)
        text.add("noroshi_wrong_codes", "gauge", "Wrong enrolment codes in the last minute.", Double(hub.devices.wrongCodes))
        text.add(
            "noroshi_calls", "gauge", "Calls to the outside, on the wire or waiting for their origin.",
            Double(configuration.callCount()))
        for (status, count) in refusals.all {
            text.add(
                "noroshi_requests_refused_total", "counter", "Requests refused as too large or too many.", Double(count),
                [("status", "\(status)")])
        }
    }
}
