import AlertModel
import ChannelKit
import Glibc
import Synchronization

/// What is wrong with a channel: each of these has been somebody's bug.
enum Fault: Sendable {
    case nothing, newNameEachTime, ignoresCancellation, ignoresDeadline, believesAnything, givesUpForGood, blocks
    case takesAnyLength, forgetsDrill, takesAnySettings, deliversNothing, hasBadManifest, neverReturns
    case forgetsAtRestart, worksForever, checksOnlyAtStart, cancelsOnlyWhatWasConfirmed
}

/// The fault as a type, because adapters are made by their type.
protocol Faulty: Sendable { static var fault: Fault { get } }
enum Faultless: Faulty { static let fault = Fault.nothing }
enum NewNameEachTime: Faulty { static let fault = Fault.newNameEachTime }
enum IgnoresCancellation: Faulty { static let fault = Fault.ignoresCancellation }
enum IgnoresDeadline: Faulty { static let fault = Fault.ignoresDeadline }
enum BelievesAnything: Faulty { static let fault = Fault.believesAnything }
enum GivesUpForGood: Faulty { static let fault = Fault.givesUpForGood }
enum Blocks: Faulty { static let fault = Fault.blocks }
enum TakesAnyLength: Faulty { static let fault = Fault.takesAnyLength }
enum ForgetsDrill: Faulty { static let fault = Fault.forgetsDrill }
enum TakesAnySettings: Faulty { static let fault = Fault.takesAnySettings }
enum DeliversNothing: Faulty { static let fault = Fault.deliversNothing }
enum HasBadManifest: Faulty { static let fault = Fault.hasBadManifest }
enum ForgetsAtRestart: Faulty { static let fault = Fault.forgetsAtRestart }
enum ChecksOnlyAtStart: Faulty { static let fault = Fault.checksOnlyAtStart }
enum CancelsOnlyWhatWasConfirmed: Faulty { static let fault = Fault.cancelsOnlyWhatWasConfirmed }
enum WorksForever: Faulty { static let fault = Fault.worksForever }
enum NeverReturns: Faulty { static let fault = Fault.neverReturns }

/// Puts each event's text to `/messages/EVENT` of a notice board, and deletes it again.
struct PostChannel<M: Mode, F: Faulty>: ChannelAdapter {
    static var manifest: ChannelManifest {
        ChannelManifest(
            name: F.fault == .hasBadManifest ? "Post Channel" : "post", role: .machine, afterSending: .canBeReplaced,
            drills: .needOwnFarEnd, titleLimit: 20, bodyLimit: 100, languages: [.japanese], concurrency: 4,
            reservedForImmediate: 1, attemptLimit: .seconds(5))
    }

    private let transport: any HTTPTransport
    /// For the fault that names messages by what only lives in memory.
    private let instance = UInt64.random(in: 0 ... .max)
    init(_ setup: ChannelSetup<M>) throws(SettingsError) { transport = setup.transport }

    static func check(_ farEnd: FarEnd<M>) throws(SettingsError) {
        guard F.fault != .takesAnySettings else { return }
        guard farEnd.settings["url"] != nil else { throw SettingsError("url is missing") }
        guard farEnd.settings["board"] == M.name.rawValue else { throw SettingsError("not a board for \(M.name)") }
    }

    static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem] {
        guard F.fault != .takesAnyLength else { return [] }
        return text.title.count > 20 || text.body.count > 100 ? [TextProblem(rule: "too-long", finding: "too long")] : []
    }

    func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        if F.fault != .checksOnlyAtStart {
            do { try Self.check(delivery.farEnd) } catch { throw .misconfigured("\(error)") }
        }
        switch F.fault {
        case .cancelsOnlyWhatWasConfirmed where delivery.message == .cancel && !Confirmed.has(delivery.event): return Receipt()
        case .deliversNothing: return Receipt()
        case .blocks: try waitBlocking(for: delivery.farEnd)
        case .neverReturns:
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in Forgotten.keep(waiter) }
        default: break
        }
        let receipt = try await receipt(await answer(to: call(message, delivery), delivery.deadline))
        if F.fault == .cancelsOnlyWhatWasConfirmed { Confirmed.add(delivery.event) }
        return receipt
    }

    func run() async {
        guard F.fault == .worksForever else { return }
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in Forgotten.keep(waiter) }
    }

    private func call(_ message: Message<M>, _ delivery: Delivery<M>) -> HTTPCall {
        let event = String(delivery.event.text.map { $0 == "/" ? "-" : $0 })
        let name = switch F.fault {
        case .newNameEachTime: "\(event)-\(UInt64.random(in: 0 ... .max))"
        case .forgetsAtRestart: "\(event)-\(instance)"
        default: event
        }
        let url = "\(delivery.farEnd.settings["url"] ?? "")/messages/\(name)"
        if delivery.message == .cancel { return HTTPCall(method: "DELETE", url: url) }
        var text = message.texts[.japanese].map { "\($0.title)\n\($0.body)" } ?? ""
        if F.fault == .forgetsDrill { text = text.replacing("【訓練】", with: "") }
        return HTTPCall(method: "PUT", url: url, body: Array(text.utf8))
    }

    private func answer(
        to call: HTTPCall, _ deadline: ContinuousClock.Instant
    ) async -> Result<HTTPAnswer, TransportFailure> {
        let transport = self.transport
        let until = F.fault == .ignoresDeadline ? .now + .seconds(60) : deadline
        let send = { @Sendable () async -> Result<HTTPAnswer, TransportFailure> in
            do throws(TransportFailure) {
                return .success(try await transport.send(call, deadline: until))
            } catch {
                return .failure(error)
            }
        }
        // The fault itself: a task of its own does not hear that ours was cancelled.
        if F.fault == .ignoresCancellation { return await Task.detached { await send() }.value }
        return await send()
    }

    private func receipt(
        _ answer: Result<HTTPAnswer, TransportFailure>
    ) async throws(DeliveryFailure) -> Receipt {
        if F.fault == .believesAnything { return Receipt() }
        switch answer {
        case .failure(.cancelled): throw .cancelled
        case .failure where F.fault == .givesUpForGood: throw .rejected("no answer")
        case .failure(.refused(let reason)): throw .misconfigured(reason)
        case .failure(.unreachable(let reason)), .failure(.noAnswer(let reason)): throw .unavailable(reason)
        case .success(let answer):
            switch answer.status {
            case 200, 201, 204: return Receipt(reference: answer.header("Location"))
            // Gone already is what a cancel wants.
            case 404: return Receipt()
            case 429: throw .throttled(retryAfter: .seconds(answer.header("Retry-After").flatMap { Int($0) } ?? 1))
            case 400..<500: throw .rejected("the board answered \(answer.status)")
            default: throw .unavailable("the board answered \(answer.status)")
            }
        }
    }

    /// The fault itself: connects, asks, and sits on the thread until something comes.
    private func waitBlocking(for farEnd: FarEnd<M>) throws(DeliveryFailure) {
        guard let port = farEnd.settings["url"]?.split(separator: ":").last.flatMap({ UInt16($0) }) else { return }
        let line = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(line) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(line, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        send(line, request, request.count, Int32(MSG_NOSIGNAL))
        var byte: UInt8 = 0
        guard recv(line, &byte, 1, 0) > 0 else { throw .unavailable("closed") }
    }
}

/// Events whose receipt came: the fault is to believe that only these can stand over there.
private enum Confirmed {
    private static let events = Mutex<Set<EventID>>([])
    static func add(_ event: EventID) { events.withLock { _ = $0.insert(event) } }
    static func has(_ event: EventID) -> Bool { events.withLock { $0.contains(event) } }
}

/// Continuations nobody will ever resume, kept so that the runtime does not complain.
private enum Forgotten {
    private static let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])
    static func keep(_ waiter: CheckedContinuation<Void, Never>) { waiters.withLock { $0.append(waiter) } }
}
