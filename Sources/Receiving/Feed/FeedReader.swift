internal import ChannelKit
internal import FoundationEssentials
internal import Ingest

/// Reads one feed again and again, and its long form when something may have been missed.
struct FeedReader {
    /// What the far end said of a document, for asking whether it has changed.
    private struct Validators {
        var etag: String?
        var modified: String?

        var headers: [(name: String, value: String)] {
            var headers: [(name: String, value: String)] = [("Accept-Encoding", "gzip")]
            if let etag { headers.append(("If-None-Match", etag)) }
            if let modified { headers.append(("If-Modified-Since", modified)) }
            return headers
        }
    }

    private struct Failure: Error {
        let words: String
        var retryAfter: Duration?
    }

    /// The short feeds hold the last ten minutes at least.
    static let outage: Duration = .seconds(600)

    private let feed: String
    private let name: String
    private let base: String
    private let origin: FeedOrigin
    private let transport: any HTTPTransport
    private let desk: FeedDesk
    private let watch: any SourceWatch
    private let clock: SourceClock
    private var short = Validators()
    private var long = Validators()
    /// When the short feed was last read, changed or not.
    private var lastRead: SourceClock.Instant?
    private var isBehind = true
    private var nextCatchUp: SourceClock.Instant?
    private var backoff = Backoff(first: .seconds(5), longest: .seconds(300))
    private var longBackoff = Backoff(first: .seconds(5), longest: .seconds(900))

    init(
        _ feed: String, base: String, origin: FeedOrigin, transport: any HTTPTransport, desk: FeedDesk,
        watch: any SourceWatch, clock: SourceClock
    ) {
        self.feed = feed
        name = "feed:\(feed)"
        self.base = base
        self.origin = origin
        self.transport = transport
        self.desk = desk
        self.watch = watch
        self.clock = clock
    }

    mutating func run() async {
        while !Task.isCancelled {
            let pause = await readOnce()
            guard (try? await clock.sleep(for: pause)) != nil else { return }
        }
    }

    /// - Returns: How long to wait for the next reading.
    private mutating func readOnce() async -> Duration {
        switch desk.verdict {
        case .free: break
        // Earthquakes and tsunami are announced in this one.
        case .urgentOnly where feed == "eqvol": break
        case .urgentOnly, .usedUp:
            watch.trouble(name, "読みません: \(desk.budgetWords) (not read)")
            return Self.untilNextReading(clock.wall())
        }
        do throws(Failure) {
            if let lastRead, clock.now - lastRead > Self.outage { isBehind = true }
            try await read(feed, &short)
            lastRead = clock.now
            backoff.reset()
            await catchUp()
            return Self.untilNextReading(clock.wall())
        } catch {
            tell(error)
            return max(backoff.next(chance: .random(in: 0...1)), min(error.retryAfter ?? .zero, .seconds(900)))
        }
    }

    /// Its failure is no reason to read the short feed less often.
    private mutating func catchUp() async {
        guard isBehind, nextCatchUp.map({ $0 <= clock.now }) ?? true else { return }
        do throws(Failure) {
            try await read("\(feed)_l", &long)
            isBehind = false
            nextCatchUp = nil
            longBackoff.reset()
        } catch {
            tell(error)
            nextCatchUp = clock.now + longBackoff.next(chance: .random(in: 0...1))
        }
    }

    /// A reading that ended because the hub ends is nobody's trouble.
    private func tell(_ failure: Failure) {
        if !Task.isCancelled { watch.trouble(name, failure.words) }
    }

    private func read(_ document: String, _ validators: inout Validators) async throws(Failure) {
        let call = HTTPCall(
            method: "GET", url: "\(base)\(document).xml", headers: validators.headers, answerLimit: FeedBody.limit)
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await transport.send(call, deadline: .now + FeedSource.callLimit)
        } catch {
            switch error {
            case .noAnswer(let reason):
                desk.spend(FeedBody.lostGuess)
                throw Failure(words: "\(document): \(reason)")
            case .unreachable(let reason), .refused(let reason): throw Failure(words: "\(document): \(reason)")
            case .cancelled: throw Failure(words: "\(document): stopped")
            }
        }
        desk.spend(answer.body.count)
        if let time = answer.serverTime { watch.told(name, time) }
        switch answer.status {
        case 304:
            watch.heard(name)
            desk.wake()
        case 200:
            try announce(answer, document)
            validators = Validators(etag: answer.header("ETag"), modified: answer.header("Last-Modified"))
        default:
            let seconds = answer.header("Retry-After").flatMap { Int($0) }
            throw Failure(words: "\(document): \(answer.status)と答えました (answered so)", retryAfter: seconds.map { .seconds($0) })
        }
    }

    private func announce(_ answer: HTTPAnswer, _ document: String) throws(Failure) {
        guard let octets = FeedBody.plain(answer) else { throw Failure(words: "\(document): gzipが壊れています (damaged gzip)") }
        let page: FeedPage
        do throws(XMLRefusal) {
            page = try FeedPage(octets, origin: origin)
        } catch {
            throw Failure(words: "\(document): \(error.reason)")
        }
        watch.heard(name)
        if let reason = page.firstReason {
            watch.trouble(name, "\(document): \(page.passedOver)件を読み飛ばしました: \(reason) (passed over)")
        }
        desk.announce(page, source: name)
    }

    /// To the next second 20 of a minute, when the feeds of that minute are out; JMA asks for one reading a minute.
    static func untilNextReading(_ now: Date) -> Duration {
        let into = now.timeIntervalSince1970.truncatingRemainder(dividingBy: 60)
        let wait = (80 - into).truncatingRemainder(dividingBy: 60)
        // Between one and eighty seconds, by the remainder above.
        return .milliseconds(Int64((wait < 1 ? wait + 60 : wait) * 1000))
    }
}
