/// What JMA says tonight, and how it comes: late, twice, out of order, by two ways.
import AlertModel
import Foundation
import Hub

extension NightWorld {
    func makeSky() {
        for number in 0..<roll(4) { earthquake(number) }
        if chance(50) { tsunami() }
    }

    private func earthquake(_ number: Int) {
        let begins = roll(faultsEnd)
        let isDrill = chance(20)
        let serials = 1 + roll(5)
        let isFalse = chance(25)
        let event = Sky.event(NightClocks.evening.addingTimeInterval(Double(begins) / 1e6 - 8 - Double(number) * 3_600))
        for serial in 1...serials {
            let at = begins + serial * between(500, 3_000)
            let isCancel = isFalse && serial == serials && serial > 1
            let intensity = pick(["5-", "5+", "6-"])
            later(at) { world in
                let octets = Sky.earthquake(
                    event: event, serial: serial, at: world.clocks.truth, isWarning: true, isCancel: isCancel, isDrill: isDrill,
                    intensity: intensity)
                world.comes(octets, "warning \(event) serial \(serial)\(isCancel ? " 取消" : "")\(isDrill ? " 訓練" : "")")
            }
        }
    }

    private func tsunami() {
        var at = roll(faultsEnd)
        let isDrill = chance(20)
        let event = Sky.event(NightClocks.evening.addingTimeInterval(Double(at) / 1e6 - 7_200))
        var before = "00"
        for _ in 0...roll(3) {
            let (code, last) = (pick(["53", "51", "62"]), before)
            before = code
            says(event, at, code, last, isDrill)
            at += between(20_000, 400_000)
        }
        if chance(70) { says(event, at, "50", before, isDrill) }
    }

    private func says(_ event: String, _ at: Int, _ code: String, _ before: String, _ isDrill: Bool) {
        later(at) { world in
            let octets = Sky.tsunami(event: event, at: world.clocks.truth, code: code, before: before, isDrill: isDrill)
            world.comes(octets, "tsunami \(event) \(code)\(isDrill ? " 訓練" : "")")
        }
    }

    /// By one way or two, each in its own time.
    private func comes(_ octets: [UInt8], _ name: String) {
        guard !areFaultsOver else { return }
        let ways = chance(50) ? ["dmdata:1"] : ["dmdata:1", "feed:jma"]
        for way in ways {
            let late = chance(70) ? between(50, 600) : between(600, 30_000)
            later(late) { $0.post(octets, way, name, 1) }
            if chance(10) { later(late + between(0, 5_000)) { $0.post(octets, way, name, 1) } }
        }
    }

    private func post(_ octets: [UInt8], _ way: String, _ name: String, _ tries: Int) {
        tell("\(way) brings \(name) (\(tries))")
        ask({ hub -> SkyAnswer in
            do throws(IntakeFailure) {
                let taking = try await hub.take(octets, Intake(source: way))
                return .taken(taking.alerts, taking.notes)
            } catch {
                switch error {
                case .refused(let why): return .refused(why)
                case .unrecorded(let why): return .unrecorded(why)
                }
            }
        }, then: { world, answer in
            switch answer {
            case .taken(let alerts, let notes):
                world.tell("taken: \(alerts.map(\.text).joined(separator: " ")) \(notes.joined(separator: "; "))")
                world.checkTaken(octets, name)
            case .refused(let why): world.tell("refused: \(why)")
            case .unrecorded(let why):
                world.tell("not recorded: \(why)")
                world.postAgain(octets, way, name, tries)
            }
        }, orElse: { $0.postAgain(octets, way, name, tries) })
    }

    private func postAgain(_ octets: [UInt8], _ way: String, _ name: String, _ tries: Int) {
        guard tries < 100 else { return }
        later(between(1_000, 10_000)) { $0.post(octets, way, name, tries + 1) }
    }
}

private enum SkyAnswer: Sendable {
    case taken([AlertID], [String])
    case refused(String)
    case unrecorded(String)
}
