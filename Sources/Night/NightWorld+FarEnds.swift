/// What far ends do with an attempt: when it arrives, what they show then, what they answer.
import AlertModel
import ChannelKit
import Dispatching
import Foundation

extension NightWorld {
    func fly(_ begun: Flight, _ runner: Int) {
        var flight = begun
        flight.runner = runner
        if planted == .takesDrillsForReal, flight.mode == .exercise { flight.side = "real" }
        if planted == .newIDForEachAttempt { flight.id += "#\(flight.attempt)" }
        report.attempts += 1
        lastFlight += 1
        let number = lastFlight
        flights[number] = flight
        guard let farEnd = farEnds[flight.key] else { return breaks(4, "an attempt at a far end that nobody has: \(flight.key)") }
        checkBeginning(flight, farEnd)
        tell("→ \(flight.key) \(flight.mode) \(flight.content.title) \(flight.content.message) \(flight.id) #\(flight.attempt)")
        switch farEnd.manner {
        case .well: does(number, after: between(5, 60), answers: between(5, 60), .success(Receipt()))
        case .slow: does(number, after: between(100, 3_000), answers: between(100, 3_000), .success(Receipt()))
        case .twice:
            does(number, after: between(5, 60), answers: between(5, 60), .success(Receipt()))
            later(between(200, 900)) { $0.again(flight) }
        case .hanging: if chance(30) { later(between(50, 4_000)) { $0.arrive(number) } }
        case .refusing: answers(number, after: between(5, 60), .failure(.rejected("受け手がいません (nobody here)")))
        case .misconfigured: answers(number, after: between(5, 60), .failure(.misconfigured("認証を拒まれました (who are you)")))
        case .throttling: answers(number, after: between(5, 60), .failure(.throttled(retryAfter: .milliseconds(between(200, 3_000) / 1000))))
        case .away: answers(number, after: between(1, 20), .failure(.unavailable("届きません (no route)")))
        case .lying:
            farEnds[flight.key]?.unknown.insert(event(flight))
            answers(number, after: between(5, 60), .success(Receipt()))
        case .flaky:
            let isDone = chance(50)
            if isDone { later(between(5, 60)) { $0.arrive(number) } }
            answers(number, after: between(70, 200), isDone && chance(50) ? .success(Receipt()) : .failure(.unavailable("reset")))
        }
    }

    private func does(_ number: Int, after: Int, answers then: Int, _ end: Result<Receipt, DeliveryFailure>) {
        later(after) { $0.arrive(number) }
        answers(number, after: after + then, end)
    }

    private func answers(_ number: Int, after: Int, _ end: Result<Receipt, DeliveryFailure>) {
        later(after) { $0.settle(number, end) }
    }

    private func again(_ flight: Flight) {
        guard flight.run == disk.run, house != nil else { return }
        let word = flight.settle(.success(Receipt()), clocks.steady, 0)
        rung.insert(flight.runner)
        if word != "unknown" { breaks(5, "the second yes to \(flight.id) #\(flight.attempt) was taken: \(word)") }
    }

    func event(_ flight: Flight) -> NightFarEnd.Event { .init(mode: flight.mode, event: flight.content.event) }

    func settle(_ number: Int, _ end: Result<Receipt, DeliveryFailure>) {
        guard let flight = flights.removeValue(forKey: number), flight.run == disk.run, house != nil else { return }
        rung.insert(flight.runner)
        stale.insert(flight.key)
        let word = flight.settle(end, clocks.steady, Double(roll(1_000)) / 1_000)
        tell("← \(flight.id) #\(flight.attempt) \(Self.word(end)): \(word)")
        switch word {
        case "rejected", "expired", "stopped": farEnds[flight.key]?.unknown.insert(event(flight))
        case "superseded" where planted == .triesWhatIsSuperseded: later(between(1_000, 9_000)) { $0.arrive(flight) }
        default: break
        }
    }

    private static func word(_ end: Result<Receipt, DeliveryFailure>) -> String {
        switch end {
        case .success: "yes"
        case .failure(.unavailable): "no answer"
        case .failure(.throttled): "later"
        case .failure(.rejected): "no"
        case .failure(.misconfigured): "who are you"
        case .failure(.cancelled): "cancelled"
        }
    }

    /// Attempts that the hub has given up. What was on its way may have arrived by then.
    func settleWhatWasCut() -> Bool {
        if planted == .keepsWhatWasCut { return false }
        var any = false
        for number in flights.keys.sorted() {
            guard let flight = flights[number], let cause = flight.cause() else { continue }
            any = true
            if farEnds[flight.key]?.manner == .hanging, chance(20) { arrive(flight) }
            settle(number, .failure(.unavailable(cause)))
            // It answers after all, when it is asked again already.
            if number % 3 == 0 { later(700_000) { $0.again(flight) } }
        }
        return any
    }

    // MARK: Over there

    private func arrive(_ number: Int) {
        guard let flight = flights[number] else { return }
        arrive(flight)
    }

    func arrive(_ flight: Flight) {
        guard var farEnd = farEnds[flight.key] else { return }
        stale.insert(flight.key)
        let event = event(flight)
        checkArrival(flight, farEnd)
        let isNew = farEnd.messages[flight.id] == nil
        farEnd.messages[flight.id] = flight.content.id
        farEnd.soundings[flight.content.id, default: []].insert(flight.id)
        if isNew || farEnd.canBeChanged {
            if planted != .keepsWhatIsTakenBack || flight.content.act?.takesBack == nil {
                farEnd.shown[event] = .init(content: flight.content, isOver: flight.isOver, delivery: flight.id)
            }
            farEnd.unknown.remove(event)
        }
        farEnds[flight.key] = farEnd
        tell("  \(flight.key) shows \(flight.content.title) \(flight.content.id)\(flight.isOver ? " (over)" : "")")
    }
}
