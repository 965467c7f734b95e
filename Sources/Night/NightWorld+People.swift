/// People at the desk: orders, shelters, notices, undo, twice, on a page of before, and the second pair of eyes.
import AlertModel
import Memories
import Chance
import ChannelKit
import Desk
import Dispatching
import Foundation
import Hub
import Ledger

/// One press of a button, however often its sender has to ask what became of it.
struct Click {
    enum What {
        case push([UInt8])
        case cancel(AlertID)
    }
    var what: What
    var town: TownID
    var mode: ModeName
    var person: Operator
    var key: String?
    /// The version on the page.
    var seen: Int?
    /// Why it does not wait for a second person.
    var breakGlass: String?
    var tries = 0
}

extension NightWorld {
    func makePeople() {
        for town in towns {
            for _ in 0..<(2 + roll(8)) { later(roll(faultsEnd)) { $0.somebodyActs(in: town.id) } }
        }
    }

    private func somebodyActs(in town: TownID) {
        let mode: ModeName = chance(75) ? .actual : .exercise
        let person = chance(60) ? NightPeople.duty : NightPeople.tired
        let sent = known.acts(town, mode)
        var click: Click
        if !sent.isEmpty, chance(30) {
            // The last one more often than an older one, which the hub refuses where somebody has acted since.
            click = Click(what: .cancel(chance(70) ? sent[sent.count - 1] : pick(sent)), town: town, mode: mode, person: person)
        } else {
            click = Click(what: .push(order(town, mode)), town: town, mode: mode, person: person)
        }
        if chance(70) { click.key = "key-\(dice.next())" }
        if approvals[town] != nil, chance(15) { click.breakGlass = "電話がつながらない" }
        if let version = house?.hub.standing(of: town, mode).version, chance(50) { click.seen = version }
        // Read a while ago.
        let lag = chance(30) ? between(1_000, 60_000) : 0
        let pressed = click
        // The power goes while somebody waits for the answer.
        if hasKills, chance(8) { later(lag + between(0, 50)) { if !$0.areFaultsOver { $0.kill() } } }
        later(lag) { $0.press(pressed) }
        if person.name == NightPeople.tired.name, chance(40) { later(lag + between(0, 400)) { $0.press(pressed) } }
        // Two people at the same moment.
        if chance(15) { later(lag + between(0, 40)) { $0.somebodyActs(in: town) } }
    }

    private func order(_ town: TownID, _ mode: ModeName) -> [UInt8] {
        var fields = ["\"town\":\"\(town.code)\"", "\"mode\":\"\(mode.rawValue)\""]
        switch roll(10) {
        case 0: fields += ["\"kind\":\"notice\"", "\"title\":\"断水\"", "\"body\":\"断水しています \(roll(1000))\""]
        case 1, 2: fields += ["\"kind\":\"shelter\"", "\"shelter\":\"shelter-1\"", "\"state\":\"\(pick(["open", "full", "closed"]))\""]
        default:
            let hazard = pick(["洪水", "土砂災害"])
            let named = Self.districts.filter { _ in chance(50) }
            let districts = named.isEmpty ? [Self.districts[0]] : named
            fields += ["\"kind\":\"evacuation\"", "\"hazard\":\"\(hazard)\"", "\"level\":\(3 + roll(3))"]
            let standing = known.oracle[.init(town: town, mode: mode)]?.districts(hazard) ?? []
            if !standing.isEmpty, chance(35) {
                let lifted = standing.filter { _ in chance(60) }
                fields += ["\"lifted\":true", list(lifted.isEmpty ? standing : lifted)]
            } else {
                fields.append(list(districts))
                if chance(10) { fields.append("\"expires\":\"\(Sky.time(clocks.wall.addingTimeInterval(Double(180 + roll(1200)))))\"") }
            }
        }
        return Array("{\(fields.joined(separator: ","))}".utf8)
    }

    private func list(_ districts: [String]) -> String {
        "\"districts\":[\(districts.map { "\"\($0)\"" }.joined(separator: ","))]"
    }

    func press(_ click: Click) {
        var click = click
        click.tries += 1
        let (asked, what) = (click, click.what)
        tell("\(click.person.name) in \(click.town) \(click.mode): \(Self.words(what)) key \(click.key ?? "none") seen \(click.seen.map { "\($0)" } ?? "nothing") (\(click.tries))")
        let (person, seen, key, glass) = (click.person, click.seen, click.key, click.breakGlass)
        ask({ hub in
            await Self.desk {
                switch what {
                case .push(let octets):
                    return try await hub.push(
                        octets, by: person, key: key.map { OrderKey($0, of: person, order: octets) }, seen: seen, breakGlass: glass)
                case .cancel(let id):
                    return try await hub.cancel(
                        id, by: person, key: key.map { OrderKey($0, of: person, order: Array(id.text.utf8)) }, seen: seen,
                        breakGlass: glass)
                }
            }
        }, then: { $0.answered(asked, $1) }, orElse: { world in
            world.tell("no answer to \(key ?? "a click without a key")")
            world.pressAgain(asked)
        })
    }

    private static func words(_ what: Click.What) -> String {
        switch what {
        case .push(let octets): String(decoding: octets, as: UTF8.self)
        case .cancel(let id): "takes \(id) back"
        }
    }

    private func pressAgain(_ click: Click) {
        guard click.key != nil, click.tries < 40 else { return }
        later(between(1_000, 15_000)) { $0.press(click) }
    }

    private func answered(_ click: Click, _ answer: DeskAnswer) {
        switch answer {
        case .pushed(let pushed):
            tell("answered: \(pushed.id)\(pushed.isRepeat ? " again" : "")\(pushed.approval.map { ", waits as \($0.id)" } ?? "")")
            checkAnswer(click, pushed)
            if let approval = pushed.approval { somebodyDecides(approval.id) } else { known.sent(pushed.id, click.town, click.mode) }
        case .refused(let why): tell("refused: \(why)")
        case .unrecorded(let why):
            tell("not recorded: \(why)")
            pressAgain(click)
        }
    }

    // MARK: The second pair of eyes

    private func somebodyDecides(_ id: String) {
        let how = roll(100)
        guard how < 85 else { return }
        later(between(2_000, 200_000)) { how < 70 ? $0.approve(id) : $0.giveBack(id) }
        if chance(15) { later(between(2_000, 200_000)) { $0.approve(id) } }
    }

    private func approve(_ id: String) {
        tell("the chief approves \(id)")
        if hasKills, !areFaultsOver, chance(12) { later(between(0, 70)) { if !$0.areFaultsOver { $0.kill() } } }
        ask({ hub -> String in
            do {
                let done = try await hub.approve(id, by: NightPeople.chief)
                return "approved \(done.sent?.id.text ?? "")"
            } catch {
                return "not approved: \(error)"
            }
        }, then: { $0.tell($1) }, orElse: { $0.tell("no answer to the approval of \(id)") })
    }

    private func giveBack(_ id: String) {
        guard let hub = house?.hub else { return }
        let word: String
        do {
            _ = try hub.giveBack(id, by: NightPeople.chief, reason: "もう一度確かめて")
            word = "returned"
        } catch {
            word = "not returned: \(error)"
        }
        tell("\(id) is \(word)")
    }

    func decideAll() {
        guard let hub = house?.hub else { return }
        for town in towns {
            for act in hub.approvals(for: NightPeople.chief, town.id) where act.state == .waiting {
                // What does not go out any more is given back by hand.
                if now > faultsEnd + 12 * 60 * Self.second { giveBack(act.id) } else { approve(act.id) }
            }
        }
    }

    func releaseHeld() {
        if planted == .asksNobodyAboutWhatIsHeld { return }
        ask({ hub -> Int in
            var count = 0
            for town in hub.towns.all {
                var query = DeliveryQuery()
                query.state = .held
                query.limit = 10_000
                guard let rows = try? await hub.ledger.town(town.id).deliveries(query), !rows.isEmpty else { continue }
                count += rows.count
                _ = try? await hub.actual.release(rows, by: "当直")
                _ = try? await hub.exercise.release(rows, by: "当直")
            }
            return count
        }, then: { if $1 > 0 { $0.tell("\($1) held deliveries are looked at") } }, orElse: { _ in })
    }

    // MARK: The hub's own clockwork

    /// What the program does every few seconds.
    func beat() {
        guard now < faultsEnd + Self.calm else { return }
        later((areFaultsOver ? 60 : 20) * Self.second) { $0.beat() }
        if !isBeating, house != nil {
            isBeating = true
            ask({ hub -> Bool in
                await hub.turnApprovals()
                _ = try? await hub.endWhatRanOut(now: hub.clock())
                return true
            }, then: { world, _ in world.isBeating = false }, orElse: { $0.isBeating = false })
        }
        checkNowAndThen()
    }
}
