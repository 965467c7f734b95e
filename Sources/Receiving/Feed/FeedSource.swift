/// JMA's Atom feeds (気象庁防災情報XML PULL型) as a way in.
///
///     once a minute, at second 20                   4 at once
///     eqvol.xml ─┐                                ┌──────────┐
///     extra.xml ─┼─▶ entries ─▶ new? ─▶ queue ─▶  │ fetchers │ ─▶ sink
///     …         ─┘              (memory)          └──────────┘
///     *_l.xml: at the start and after ten minutes without an answer
///
/// Earthquake early warnings are not in these feeds (緊急地震速報 comes by other ways). Every file is fetched once, most
/// urgent first, within a budget of octets a day, and only from the feed's own host.
///
/// Source: xml.kishou.go.jp/xmlpull.html.
package import ChannelKit
internal import FoundationEssentials
internal import Gzip
internal import ServiceLifecycle

package struct FeedSource: Service {
    package struct Settings: Sendable {
        /// The folder of the feeds, with `/` at its end; https, or http to this machine.
        package var base = "https://www.data.jma.go.jp/developer/xml/feed/"
        /// Most urgent first.
        package var feeds = ["eqvol", "extra", "other", "regular"]
        /// Types to fetch, `VXSE53`; nil: all.
        package var types: Set<String>?
        package var fetchesAtOnce = 4
        /// Octets in 24 hours; never more than 9.5 GB, because JMA blocks who fetches 10.
        package var dailyBytes = 5_000_000_000
        /// Nothing older is fetched, when catching up.
        package var reach: Duration = .seconds(86_400)
        /// Silence beyond this raises the alarm: five readings.
        package var patience: Duration? = .seconds(300)
        package init() {}
    }

    package struct SettingsError: Error, CustomStringConvertible {
        package let description: String
    }

    private let settings: Settings
    private let origin: FeedOrigin
    private let transport: any HTTPTransport
    private let sink: any BulletinSink
    private let watch: any SourceWatch
    private let clock: SourceClock
    private let desk: FeedDesk

    /// For one file or feed, from name look-up to the last octet.
    static let callLimit: Duration = .seconds(20)
    /// Tries before a file is left to a later reading of the feed.
    private static let tries = 5

    /// - Parameter notebook: This source's alone; its keys begin with `feed/`.
    package init(
        _ settings: Settings, transport: any HTTPTransport, notebook: any Notebook, sink: any BulletinSink,
        watch: any SourceWatch, clock: SourceClock = SourceClock()
    ) throws(SettingsError) {
        guard let origin = FeedOrigin(settings.base), settings.base.hasSuffix("/") else {
            throw SettingsError(description: "「\(settings.base)」は https で始まり / で終わる宛先ではありません (not https and a folder)")
        }
        let isWord: (String) -> Bool = { !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } }
        guard !settings.feeds.isEmpty, settings.feeds.allSatisfy(isWord) else {
            throw SettingsError(description: "フィードの名前は eqvol のような英数字です (letters and digits)")
        }
        guard (1...16).contains(settings.fetchesAtOnce) else {
            throw SettingsError(description: "同時に取る数は1〜16です (1 to 16)")
        }
        self.settings = settings
        self.origin = origin
        self.transport = transport
        self.sink = sink
        self.watch = watch
        self.clock = clock
        desk = FeedDesk(settings, notebook, clock)
    }

    package func run() async throws {
        for feed in settings.feeds { watch.expect("feed:\(feed)", within: settings.patience) }
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for feed in settings.feeds {
                    group.addTask {
                        var reader = FeedReader(
                            feed, base: settings.base, origin: origin, transport: transport, desk: desk, watch: watch,
                            clock: clock)
                        await reader.run()
                    }
                }
                // Settings ask for one or more at the start.
                for number in 0..<settings.fetchesAtOnce {
                    group.addTask {
                        // Only cancellation ends the waiting for the next one.
                        while let order = try? await desk.next(fetcher: number) { await fetch(order) }
                    }
                }
            }
        }
    }

    private func fetch(_ order: FetchQueue.Order) async {
        var order = order
        if order.octets == nil { order.octets = await get(&order) }
        guard let octets = order.octets else { return }
        let answer = await sink.take(octets, name: order.entry.fileName, source: order.source)
        switch answer {
        case .accepted, .duplicate, .refused: desk.done(order)
        case .notRecorded(let reason):
            watch.trouble(order.source, "\(order.entry.fileName)をもう一度渡します: \(reason) (offered again)")
            desk.again(order)
        }
    }

    /// Nil when the order has been settled otherwise.
    private func get(_ order: inout FetchQueue.Order) async -> [UInt8]? {
        let call = HTTPCall(
            method: "GET", url: order.entry.url, headers: [("Accept-Encoding", "gzip")], answerLimit: FeedBody.limit)
        let words: String
        do throws(TransportFailure) {
            let answer = try await transport.send(call, deadline: .now + Self.callLimit)
            desk.spend(answer.body.count)
            switch answer.status {
            case 200:
                if let octets = FeedBody.plain(answer) { return octets }
                words = "gzipが壊れています (damaged gzip)"
            case 404, 410:
                // It will not come back; asking every minute would only cost the budget.
                if order.backoff.failures + 1 >= Self.tries {
                    watch.trouble(order.source, "\(order.entry.fileName)が予告されていますが、ありません (announced and not there)")
                    desk.done(order)
                    return nil
                }
                words = "answered \(answer.status)"
            default: words = "answered \(answer.status)"
            }
        } catch {
            switch error {
            case .cancelled:
                desk.giveUp(order)
                return nil
            case .refused(let reason), .unreachable(let reason): words = reason
            case .noAnswer(let reason):
                desk.spend(FeedBody.lostGuess)
                words = reason
            }
        }
        watch.trouble(order.source, "\(order.entry.fileName): \(words)")
        if order.backoff.failures + 1 < Self.tries { desk.again(order) } else { desk.giveUp(order) }
        return nil
    }
}

/// The octets of an answer.
enum FeedBody {
    /// Octets, inflated: what XMLDocument reads.
    static let limit = 8 << 20
    /// What is counted for an answer that broke off: nobody says how much had come.
    static let lostGuess = 64 << 10

    /// Nil when the gzip is damaged or too long.
    static func plain(_ answer: HTTPAnswer) -> [UInt8]? {
        guard answer.header("Content-Encoding")?.lowercased() == "gzip" else { return answer.body }
        return try? Gzip.inflate(answer.body, limit: limit)
    }
}
