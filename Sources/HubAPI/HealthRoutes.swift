internal import Streams
internal import AlertModel
package import ChannelKit
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

/// Alive, ready, and the gauges.
extension HubRouter {
    func addHealth(to router: Router<Context>) {
        router.get("/healthz") { _, _ in
            Response(status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
        }
        router.get("/readyz") { request, _ in
            var report = if let words = hub.start.words { Readiness.Report(starting: words, hub.start.progress) } else {
                await readiness.report()
            }
            report = hub.complete(report)
            if let words = hub.offDuty {
                report.ready = false
                report.add(words)
            }
            report.clock_offset_s = hub.time.offset
            report.remarks = hub.record.troubles + [hub.clockTrouble].compactMap(\.self)
                + hub.attention.rows.filter { $0.topic == .ledger && $0.source == Hub.startName }.map(\.words) + pageTroubles
            // A load balancer has no token; it needs no reasons either.
            if !mayWatch(request) { report = Readiness.Report(ready: report.ready) }
            return try Answer.json(report, status: report.ready ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { request, _ in
            guard mayWatch(request) else { throw Problem(.unauthorized, "計器を読むには、監視用か操作員のトークンが要ります (the gauges need the watcher's token, or an operator's)") }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: try await gauges.value("") { await hub.quiet.run { metrics() } })))
        }
    }

    /// One remark for all spots: the disk that does not take one takes none.
    private var pageTroubles: [String] {
        let (count, reason) = configuration.pages.unwritten
        guard count > 0 else { return [] }
        return ["\(count)か所のページをディスクに書けません。メモリから出しています。記録に書けていれば、再起動しても消えません: \(reason ?? "ディスクが応答しません")"
            + " (pages of \(count) places are shown from memory, not written)"]
    }

    func addBenchmark(to router: Router<Context>) {
        router.post("/v1/bench/publish") { request, _ in
            let octets = try await Body.octets(request, upTo: 1 << 20)
            hub.stream.publish(StreamEvent(name: "page", data: octets, key: "bench"), to: Self.benchmarkTopic)
            return Response(status: .accepted)
        }
    }

    /// A topic no town has.
    package static var benchmarkTopic: StreamTopic {
        // Our own word; whether it is right shows at the first use.
        guard let nowhere = TownID("000001") else { preconditionFailure("000001 has a right check digit") }
        return StreamTopic(town: nowhere, site: "benchmark")
    }

    // MARK: metrics

    private func metrics() -> String {
        var text = MetricsText()
        for queue in hub.queues { queueMetrics(queue, &text) }
        for ended in hub.deliveryEnds {
            text.add("noroshi_deliveries_ended_total", "counter", "Deliveries by how they ended.", Double(ended.count), [
                ("channel", ended.channel), ("mode", ended.mode.rawValue), ("state", ended.state),
            ])
        }
        for times in hub.deliveryTimes {
            text.add("noroshi_delivery_seconds", "From the decision to the far end's yes.", bounds: times.bounds, counts: times.counts, sum: times.sum, [
                ("channel", times.channel), ("priority", times.priority),
            ])
        }
        let stream = hub.stream.gauges
        text.add("noroshi_stream_listeners", "gauge", "Tablets on the stream.", Double(stream.live))
        text.add("noroshi_stream_cut_total", "counter", "Tablets cut because they did not read.", Double(stream.cut))
        text.add(
            "noroshi_clock_correction_seconds", "gauge",
            "What lifetimes are judged by is so far behind our clock; 0 where it agrees with the sources.", hub.time.correction)
        if let offset = hub.time.offset {
            text.add("noroshi_clock_offset_seconds", "gauge", "How far our clock is ahead of the sources', the way included.", offset)
        }
        if let offering = hub.lastOffering {
            text.add("noroshi_last_offering_seconds", "gauge", "From the last bulletin that told somebody, here as a whole, to its last offer.", offering / .seconds(1))
        }
        text.add("noroshi_starting", "gauge", "1 until the record is read.", hub.start.isOpen ? 0 : 1)
        text.add("noroshi_on_duty", "gauge", "1 where this hub acts; 0 where another of several hubs may be on duty.", hub.offDuty == nil ? 1 : 0)
        let record = hub.record
        text.add("noroshi_ledger_waiting_rows", "gauge", "Rows that wait for the disk.", Double(record.waiting))
        text.add("noroshi_ledger_lost_rows_total", "counter", "Rows the disk never took.", Double(record.lost))
        if let commit = record.commit { text.add("noroshi_ledger_commit_seconds", "gauge", "The last commit to the disk.", commit) }
        if let size = record.size { text.add("noroshi_ledger_bytes", "gauge", "The ledger's file and its log.", Double(size)) }
        text.add("noroshi_pages_unwritten", "gauge", "Places whose page is shown from memory and kept in the notebook: the disk does not take it.", Double(configuration.pages.unwritten.count))
        let held = hub.heldDeliveries
        for mode in ModeName.allCases {
            text.add(
                "noroshi_held_deliveries", "gauge", "Held back after a restart, for a person to decide: noroshi held.",
                Double(held[mode] ?? 0), [("mode", mode.rawValue)])
        }
        memoryMetrics(&text)
        doorMetrics(&text)
        sourceMetrics(&text)
        attentionMetrics(&text)
        return text.text
    }

    private func queueMetrics(_ queue: QueueFigures, _ text: inout MetricsText) {
        let channel = [("channel", queue.channel), ("mode", queue.mode.rawValue)]
        for priority in Priority.allCases {
            text.add(
                "noroshi_queue_waiting", "gauge", "Deliveries that wait, by channel and class.",
                Double(queue.waiting[priority] ?? 0), channel + [("priority", priority.word)])
        }
        text.add("noroshi_queue_on_wire", "gauge", "Deliveries on the wire.", Double(queue.onWire), channel)
        text.add(
            "noroshi_queue_late", "gauge", "Of these, attempts that hang or are slow and hold no place any more.",
            Double(queue.late), channel)
        text.add(
            "noroshi_queue_timers", "gauge", "Moments at which a delivery is looked at again: ends, retries, deadlines.",
            Double(queue.timers), channel)
        for (lanes, age) in [("well", queue.oldestWell), ("troubled", queue.oldestTroubled)] {
            text.add(
                "noroshi_oldest_immediate_seconds", "gauge",
                "Since the oldest immediate delivery that is not with its far end was offered.",
                age, channel + [("lanes", lanes)])
        }
        text.add(
            "noroshi_lanes_stopped", "gauge", "Far ends stopped until a person mends their settings.",
            Double(queue.stopped), channel)
    }

    private func attentionMetrics(_ text: inout MetricsText) {
        let rows = hub.attention.rows
        for topic in Attention.Topic.allCases {
            let own = rows.filter { $0.topic == topic }
            text.add(
                "noroshi_attention", "gauge", "What a person should look into: GET /v1/attention.", Double(own.count),
                [("topic", topic.rawValue)])
            text.add(
                "noroshi_attention_sightings", "gauge", "How often all of it was met.",
                Double(own.map(\.times).reduce(0, +)), [("topic", topic.rawValue)])
        }
        text.add(
            "noroshi_attention_left_out_total", "counter", "Sightings that found no room in the list.",
            Double(hub.attention.leftOut))
    }

    private func sourceMetrics(_ text: inout MetricsText) {
        let now = hub.clock()
        for source in hub.health.all {
            let label = [("source", source.name)]
            for (state, count) in [
                ("accepted", source.accepted), ("refused", source.refused), ("duplicate", source.duplicates),
            ] {
                text.add(
                    "noroshi_bulletins_total", "counter", "Bulletins by source and fate.", Double(count),
                    label + [("fate", state)])
            }
            if let heard = source.lastHeard {
                text.add(
                    "noroshi_source_silence_seconds", "gauge", "Since a source was last heard of.",
                    now.timeIntervalSince(heard), label)
            }
            if let last = source.lastBulletinAt {
                text.add(
                    "noroshi_source_last_bulletin_timestamp_seconds", "gauge", "When the last bulletin came, since 1970.",
                    last.timeIntervalSince1970, label)
            }
            if let lag = source.lag {
                text.add("noroshi_source_lag_seconds", "gauge", "From the sender's time to ours, last bulletin.", lag, label)
            }
            text.add("noroshi_source_silent", "gauge", "1 when a source has been silent for too long.",
                source.isSilent(at: now) || source.trouble != nil ? 1 : 0, label)
        }
    }
}
