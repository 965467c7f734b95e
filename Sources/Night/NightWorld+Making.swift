/// What the seed makes of a night: who is there, what is broken, who will do what and when.
import AlertModel
import Dispatching
import Hub
import Desk
import Foundation

extension NightWorld {
    static let districts = ["南町", "魚町", "鹿折"]

    func make() {
        hasTroubledDisk = chance(50)
        hasKills = chance(60)
        hasClockSteps = chance(30)
        hasLongClockSteps = hasClockSteps && chance(15)
        faultsEnd = (chance(80) ? 5 + roll(15) : 20 + roll(160)) * 60 * Self.second
        makeTowns()
        makeFaults()
        makePeople()
        makeSky()
        beat()
        later(faultsEnd) { $0.mend() }
    }

    private func makeTowns() {
        let codes = [("042056", "気仙沼市", "Kesennuma City"), ("042021", "石巻市", "Ishinomaki City")]
        for (code, name, roman) in codes.prefix(chance(70) ? 1 : 2) {
            guard let id = TownID(code) else { continue }
            var endpoints = [Endpoint(id: "mail", channel: "area-mail", name: "緊急速報メール", actual: ["side": "real"], exercise: ["side": "drill"])]
            for index in 0...roll(3) { endpoints.append(end("eki\(index)", "wifi-portal")) }
            for index in 0...roll(3) { endpoints.append(end("school\(index)", "school-tablet")) }
            towns.append(Town(
                id: id, name: name, romanName: roman,
                areas: [
                    .jmaSeismic: ["220"], .jmaEEW: ["9040", "9920"], .jmaTsunami: ["220"], .jmaCity: ["\(id.jis)00"],
                    .localGovernment: [id.code], .jmaForecast: ["040014", "040010", "040000"],
                ],
                districts: Self.districts, shelters: [Shelter(id: "shelter-1", name: "第一小学校", address: "南町1")], endpoints: endpoints))
            if chance(40) { approvals[id] = chance(30) ? .wait(.seconds(60)) : .two }
            for endpoint in endpoints {
                let key = FarEndKey(town: id, channel: endpoint.channel, endpoint: endpoint.id)
                farEnds[key] = NightFarEnd(key: key, isWell: chance(40), canBeChanged: endpoint.channel != "area-mail")
            }
        }
    }

    private func end(_ id: String, _ channel: String) -> Endpoint {
        Endpoint(id: id, channel: channel, name: id, actual: ["side": "real"], exercise: ["side": "drill"])
    }

    // MARK: Faults

    private func makeFaults() {
        for key in farEnds.keys.sorted() where farEnds[key]?.isWell == false {
            for _ in 0...(1 + roll(5)) {
                let manner = pick(NightFarEnd.Manner.allCases)
                let from = roll(faultsEnd)
                later(from) { $0.turns(key, manner) }
                later(from + (chance(80) ? between(5_000, 60_000) : between(60_000, 400_000))) { $0.turns(key, .well) }
            }
            if chance(30) { later(roll(faultsEnd)) { $0.forgets(key) } }
        }
        // An edge is cut: several far ends at once, which come back one after another.
        if chance(30) {
            let cut = farEnds.keys.sorted().filter { farEnds[$0]?.isWell == false && chance(60) }
            let from = roll(faultsEnd)
            for key in cut {
                later(from) { $0.turns(key, .away) }
                later(from + (chance(80) ? between(10_000, 120_000) : between(120_000, 900_000))) { $0.turns(key, .well) }
            }
        }
        if hasTroubledDisk {
            for _ in 0...roll(4) {
                let lasts = between(1_000, 60_000)
                later(roll(faultsEnd)) { $0.diskRefusesUntil = $0.now + lasts }
            }
        }
        if hasKills { for _ in 0...roll(3) { later(roll(faultsEnd)) { $0.killSoon() } } }
        if hasClockSteps {
            for _ in 0...roll(3) {
                let step = hasLongClockSteps ? Double(roll(172_800) - 86_400) : Double(roll(600_000) - 300_000) / 1000
                later(roll(faultsEnd)) { world in
                    guard !world.areFaultsOver else { return }
                    world.tell("the wall clock steps by \(step) s")
                    world.clocks.skew += step
                }
            }
        }
    }

    /// At the next thing that happens, or the one after: where it hurts.
    private func killSoon() {
        later(chance(50) ? roll(20_000) : roll(2_000_000)) { world in
            if !world.areFaultsOver { world.kill() }
        }
    }

    private func turns(_ key: FarEndKey, _ manner: NightFarEnd.Manner) {
        guard !areFaultsOver else { return }
        tell("\(key) is \(manner.rawValue)")
        farEnds[key]?.manner = manner
        // Its settings are mended, and somebody says so.
        if manner == .well { resume(key) }
    }

    private func forgets(_ key: FarEndKey) {
        guard !areFaultsOver else { return }
        tell("\(key) restarts and forgets")
        farEnds[key]?.forget()
    }

    func resume(_ key: FarEndKey) {
        guard let hub = house?.hub, let town = hub.towns[key.town] else { return }
        let real = hub.actual.resume(key.endpoint, channel: key.channel, in: town, by: "当直")
        let drill = hub.exercise.resume(key.endpoint, channel: key.channel, in: town, by: "当直")
        ringAll()
        if !real.isEmpty || !drill.isEmpty { tell("\(key) is resumed") }
    }

    // MARK: The end of the faults

    static let calm = 45 * 60 * second

    /// Everything is well again, and somebody looks at what waits for a person, until nothing does.
    private func mend() {
        areFaultsOver = true
        tell("everything is well again")
        for key in farEnds.keys.sorted() { farEnds[key]?.manner = .well }
        for minutes in [0, 1, 3, 5, 10, 15, 20, 25, 30] {
            later(minutes * 60 * Self.second + 10 * Self.second) { world in
                for key in world.farEnds.keys.sorted() { world.resume(key) }
                world.releaseHeld()
                world.decideAll()
            }
        }
    }
}
