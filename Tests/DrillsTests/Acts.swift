/// What may happen in a drill, drawn from a seed.
import AlertModel
import Chance
import ChannelKit
import Dispatching
import Foundation
import Hub
import Testing

struct Acts {
    /// In every word a drill's people write; nowhere else.
    static let word = "くじらのれんしゅう"
    var dice: Dice
    private(set) var sent: [AlertID] = []
    private(set) var tried = 0, taken = 0
    private var events = 0

    init(seed: UInt64) { dice = Dice(seed: seed) }

    /// One act. What the hub refuses was an act all the same.
    mutating func step(_ ground: Ground) async throws {
        tried += 1
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<28: await push(order(), ground)
        case 28..<42: await push(shelter(), ground)
        case 42..<58: await push(notice(), ground)
        case 58..<64: await push(headquarters(), ground)
        case 64..<78: await cancel(ground)
        case 78..<95: await bulletin(ground)
        case 95..<97: await probe(ground)
        default:
            ground.turn(by: .random(in: 1..<7200, using: &dice))
            _ = try? await ground.hub.endWhatRanOut(now: ground.now)
        }
    }

    private mutating func push(_ fields: [String: Any], _ ground: Ground) async {
        var fields = fields
        fields["town"] = Ground.code
        fields["mode"] = "exercise"
        guard let octets = try? JSONSerialization.data(withJSONObject: fields) else { return }
        guard let pushed = try? await ground.hub.push([UInt8](octets), by: Ground.person) else { return }
        taken += 1
        sent.append(pushed.id)
    }

    private mutating func some(_ all: [String]) -> [String] {
        let count = Int.random(in: 1...all.count, using: &dice)
        return Array(all.shuffled(using: &dice).prefix(count))
    }

    private mutating func order() -> [String: Any] {
        let hazard = ["津波", "洪水", "土砂災害", "高潮"].randomElement(using: &dice) ?? "津波"
        var fields: [String: Any] = [
            "kind": "evacuation", "level": hazard == "津波" ? 4 : Int.random(in: 3...5, using: &dice), "hazard": hazard, "districts": some(Ground.districts), "reason": Self.word,
        ]
        if Bool.random(using: &dice) { fields["shelters"] = some(Ground.shelters) }
        if Int.random(in: 0..<4, using: &dice) == 0 { fields["lifted"] = true }
        return fields
    }

    private mutating func shelter() -> [String: Any] {
        ["kind": "shelter", "shelter": some(Ground.shelters)[0], "state": ["open", "full", "closed"].randomElement(using: &dice) ?? "open"]
    }

    private mutating func notice() -> [String: Any] {
        ["kind": "notice", "title": "給水", "body": "\(Self.word) \(UInt32.random(in: .min ... .max, using: &dice))"]
    }

    private mutating func headquarters() -> [String: Any] { ["kind": "headquarters", "state": Bool.random(using: &dice) ? "open" : "closed"] }

    private mutating func cancel(_ ground: Ground) async {
        guard let id = sent.randomElement(using: &dice), let pushed = try? await ground.hub.cancel(id, by: Ground.person) else { return }
        taken += 1
        sent.append(pushed.id)
    }

    /// The recorded earthquake: played again, taken as a drill, or as an office's own drill or test of this moment.
    private mutating func bulletin(_ ground: Ground) async {
        let folder = Ground.package.appending(path: "Templates/demo")
        let names = ["01_20110311144645_VXSE45", "02_20110311144648_VXSE43", "03_20110311144810_VXSE51", "04_20110311144959_VTSE41"]
        guard let name = names.randomElement(using: &dice), var text = try? String(contentsOf: folder.appending(path: "\(name).xml"), encoding: .utf8) else { return }
        events += 1
        var way = Intake(source: "http:訓練係")
        switch Int.random(in: 0..<4, using: &dice) {
        case 0, 1: way.replay = "p\(events)"
        case 2:
            text = moved(text, to: ground.now)
            way.asExercise = true
        default: text = moved(text, to: ground.now).replacing("<Status>通常", with: Bool.random(using: &dice) ? "<Status>訓練" : "<Status>試験")
        }
        if let taking = try? await ground.hub.take(Array(text.utf8), way), !taking.isDuplicate { taken += 1 }
    }

    /// The same bulletin, sent now, of an event of its own.
    private func moved(_ text: String, to now: Date) -> String {
        let shift = now.timeIntervalSince1970 - 1_299_822_405  // 2011-03-11T14:46:45+09:00
        let moved = text.replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#) { match in
            guard let date = try? Date(String(match.0), strategy: .iso8601) else { return String(match.0) }
            let text = JapanTime.text(date.addingTimeInterval(shift), milliseconds: false)
            guard match.1 == "Z" else { return text }
            return date.addingTimeInterval(shift).formatted(.iso8601)
        }
        return moved.replacing("<EventID>20110311144640", with: "<EventID>2099\(1_000_000_000 + events)")
    }

    /// Whether the hub would send: a probe alert, and each far end for drills asked whether it is there.
    private func probe(_ ground: Ground) async {
        _ = await ground.readiness?.report()
        guard let town = ground.hub.towns.all.first else { return }
        for end in town.endpoints {
            guard let farEnd = FarEnd<Exercise>(end, of: town.id), let slot = ground.hub.exercise.channels.first(where: { $0.manifest.name == end.channel }) else { continue }
            _ = try? await slot.reach(farEnd, .now.advanced(by: .seconds(5)))
        }
    }
}
