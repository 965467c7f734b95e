import AlertModel
import ChannelKit
import FoundationEssentials
import Synchronization

/// The shelves of all far ends, each read from the notebook when it is first asked for.
final class Shelves: Sendable {
    private let notebook: any Notebook
    private let air: Air
    private let mode: ModeName
    private let prefix: String
    private let shelves = Mutex<[String: Shelf]>([:])

    init(notebook: any Notebook, air: Air, mode: ModeName) {
        self.notebook = notebook
        self.air = air
        self.mode = mode
        prefix = "area-mail/\(mode.rawValue)/"
    }

    /// As many as there are far ends in the settings.
    func shelf(of town: TownID, _ farEnd: String) -> Shelf {
        let key = "\(prefix)\(town.code)/\(farEnd)/"
        return shelves.withLock { shelves in
            if let shelf = shelves[key] { return shelf }
            let shelf = Shelf(notebook: notebook, prefix: key, air: air, mode: mode, town: town, farEnd: farEnd)
            shelves[key] = shelf
            return shelf
        }
    }

    /// Those in use.
    var all: [Shelf] { shelves.withLock { Array($0.values) } }
}

extension Shelves {
    /// Every entry that went straight to a controller, of all far ends the notebook knows.
    var entriesOfControllers: [ShelfEntry] {
        for key in notebook.keys(prefix: prefix) {
            let parts = key.dropFirst(prefix.count).split(separator: "/", maxSplits: 2)
            if parts.count == 3, let town = TownID(String(parts[0])) { _ = shelf(of: town, String(parts[1])) }
        }
        return all.flatMap(\.entries).filter { $0.route.controller != nil }
    }

    func entries(of controller: String) -> [ShelfEntry] {
        all.flatMap(\.entries).filter { $0.route.controller == controller }
    }
}

/// One far end's `ShelfState`, written to the notebook with every change.
///
/// Message codes are reserved in blocks: the notebook holds the first code that was never promised, so that a restart
/// may skip some and never uses one twice.
final class Shelf: Sendable {
    let town: TownID
    let farEnd: String
    private let mode: ModeName
    private let notebook: any Notebook
    private let air: Air
    private let prefix: String
    private let state: Mutex<Held>

    private struct Held {
        var shelf: ShelfState
        /// Codes below this are ours to use.
        var reserved: Int
    }

    /// Half a block is more than can be used before the note of the next one is on disk; a kill skips at most a whole
    /// one, so that dozens of restarts pass before the codes of TS 23.041 (1024, of warnings 256) come round.
    private static let block = 16

    init(notebook: any Notebook, prefix: String, air: Air, mode: ModeName, town: TownID, farEnd: String) {
        self.notebook = notebook
        self.prefix = prefix
        self.air = air
        self.mode = mode
        self.town = town
        self.farEnd = farEnd
        let entries = notebook.keys(prefix: prefix + "event/").compactMap { key in
            notebook.read(key).flatMap { try? JSONDecoder().decode(ShelfEntry.self, from: Data($0)) }
        }
        let next = notebook.read(prefix + "codes").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        state = Mutex(Held(shelf: ShelfState(entries: entries, nextCode: next), reserved: next))
        // Before the first code is used, not with it: a kill in between would give it a second time.
        state.withLock { reserve(&$0) }
    }

    func plan(_ order: Order) throws(DeliveryFailure) -> ShelfEntry {
        let foreign = order.route.address.map { foreignIdentifiers(at: $0) } ?? []
        do {
            return try change { shelf throws(ShelfState.Refusal) in try shelf.plan(order, foreign: foreign) }
        } catch {
            switch error {
            case .noIdentifierLeft(let count):
                throw .rejected(
                    "メッセージ識別子\(count)個がすべて使用中です。不要な放送を取り消してください。 (all \(count) message identifiers are in use by other events; cancel one)")
            case .sameWords(let event):
                throw .rejected(
                    "同じ文面が放送中です。携帯電話は一度受けた文面を表示しません。 (the same words are on the air for \(event); phones drop a mail they have seen)")
            }
        }
    }

    func evade(_ slot: Slot, _ order: Order) -> Slot? {
        let foreign = order.route.address.map { foreignIdentifiers(at: $0) } ?? []
        return change { $0.evade(slot, order, foreign: foreign) }
    }

    func note(_ change: Slot.Change, of slot: Slot, event: EventID, delivery: DeliveryID) {
        self.change { $0.note(change, of: slot, event: event, delivery: delivery) }
    }

    func end(_ event: EventID, remark: String? = nil) { change { $0.end(event, remark: remark) } }
    func retire(_ identifier: UInt16, of event: EventID, remark: String) {
        change { $0.retire(identifier, of: event, remark: remark) }
    }
    func remark(_ words: String?, on event: EventID) { change { $0.remark(words, on: event) } }
    func doubt(before moment: Date, candidates: [UInt16], at address: String) {
        let foreign = foreignIdentifiers(at: address)
        change { $0.doubt(before: moment, candidates: candidates, foreign: foreign) }
    }
    func forgetAir() { change { $0.forgetAir() } }
    func runOut(_ now: Date) { change { $0.runOut(now) } }

    func entry(of event: EventID) -> ShelfEntry? { state.withLock { $0.shelf.entries[event] } }

    /// What may be on the air, for a far end that has lost its memory.
    var entries: [ShelfEntry] { state.withLock { Array($0.shelf.entries.values) } }

    func name(_ identifier: UInt16) -> AirName {
        AirName(mode: mode.rawValue, town: town.code, farEnd: farEnd, identifier: identifier)
    }

    /// What the other mode took off, because it needed the room: it is gone here too.
    func strikeOut(_ words: String) -> [(ShelfEntry, Slot)] {
        entries.flatMap { entry in
            entry.slots.compactMap { slot -> (ShelfEntry, Slot)? in
                guard let address = entry.route.address,
                    air.record(name(slot.identifier), at: address)?.isStruck == true
                else { return nil }
                retire(slot.identifier, of: entry.event, remark: words)
                note(.gone, of: slot, event: entry.event, delivery: entry.delivery)
                return (entry, slot)
            }
        }
    }

    private func foreignIdentifiers(at address: String) -> Set<UInt16> {
        Set(air.all(at: address).keys.filter { $0.town != town.code || $0.farEnd != farEnd || $0.mode != mode.rawValue }
            .map(\.identifier))
    }
}

// MARK: - Change and notebook

extension Shelf {
    private func change<Result, Failure: Error>(
        _ body: (inout ShelfState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Mutex.withLock infers one typed error for the closure; the result carries it out instead.
        let outcome: Swift.Result<Result, Failure> = state.withLock { held in
            let before = held.shelf
            let outcome: Swift.Result<Result, Failure>
            do throws(Failure) {
                outcome = .success(try body(&held.shelf))
            } catch {
                outcome = .failure(error)
            }
            write(before, held.shelf)
            reserve(&held)
            return outcome
        }
        return try outcome.get()
    }

    private func write(_ before: ShelfState, _ after: ShelfState) {
        for (event, entry) in after.entries where before.entries[event] != entry {
            // Encoding a struct of strings and numbers does not fail; a lost note only costs a DELETE too many.
            notebook.write(key(event), (try? JSONEncoder().encode(entry)).map { Array($0) })
        }
        for event in before.entries.keys where after.entries[event] == nil { notebook.write(key(event), nil) }
        writeAir(records(before), records(after))
    }

    private struct Place: Hashable {
        let address: String
        let identifier: UInt16
    }

    private func records(_ state: ShelfState) -> [Place: Air.Record] {
        var records: [Place: Air.Record] = [:]
        for entry in state.entries.values {
            guard let address = entry.route.address else { continue }
            for slot in entry.slots where slot.mayBeOnTheAir {
                records[Place(address: address, identifier: slot.identifier)] = Air.Record(
                    role: slot.role, serial: slot.serial, pages: slot.pages ?? 0, period: slot.period ?? 0,
                    gravity: entry.gravity ?? 0, ends: slot.ends, since: slot.confirmed == nil ? nil : entry.made)
            }
        }
        return records
    }

    private func writeAir(_ before: [Place: Air.Record], _ after: [Place: Air.Record]) {
        // Dictionaries: an element that is not there is nil.
        for (place, record) in after where before[place] != record {
            air.write(name(place.identifier), record, at: place.address)
        }
        // A dictionary here too: what is not there is nil.
        for place in before.keys where after[place] == nil { air.write(name(place.identifier), nil, at: place.address) }
    }

    /// The next block is reserved when the last one is half used, so that the note is on disk before it is needed.
    private func reserve(_ held: inout Held) {
        guard held.shelf.nextCode + Self.block / 2 > held.reserved else { return }
        held.reserved = held.shelf.nextCode + Self.block
        notebook.write(prefix + "codes", Array(String(held.reserved).utf8))
    }

    private func key(_ event: EventID) -> String { "\(prefix)event/\(event.text)" }
}
