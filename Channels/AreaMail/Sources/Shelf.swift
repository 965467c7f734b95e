import AlertModel
import ChannelKit
import FoundationEssentials
import Synchronization

/// The shelves of all far ends, each read from the notebook when it is first asked for.
final class Shelves: Sendable {
    private let notebook: any Notebook
    private let prefix: String
    private let shelves = Mutex<[String: Shelf]>([:])

    init(notebook: any Notebook, mode: ModeName) {
        self.notebook = notebook
        prefix = "area-mail/\(mode.rawValue)/"
    }

    /// As many as there are far ends in the settings.
    func shelf(of town: TownID, _ farEnd: String) -> Shelf {
        let key = "\(prefix)\(town.code)/\(farEnd)/"
        return shelves.withLock { shelves in
            if let shelf = shelves[key] { return shelf }
            let shelf = Shelf(notebook: notebook, prefix: key)
            shelves[key] = shelf
            return shelf
        }
    }
}

extension Shelves {
    /// Every entry that went straight to a controller, of all far ends the notebook knows.
    var entriesOfControllers: [Entry] {
        for key in notebook.keys(prefix: prefix) {
            let parts = key.dropFirst(prefix.count).split(separator: "/", maxSplits: 2)
            if parts.count == 3, let town = TownID(String(parts[0])) { _ = shelf(of: town, String(parts[1])) }
        }
        return shelves.withLock { Array($0.values) }.flatMap(\.entries).filter { $0.route.controller != nil }
    }

    /// Those of the shelves in use.
    func entries(of controller: String) -> [Entry] {
        shelves.withLock { Array($0.values) }.flatMap(\.entries).filter { $0.route.controller == controller }
    }
}

/// One far end's `ShelfState`, written to the notebook with every change.
///
/// Message codes are reserved in blocks: the notebook holds the first code that was never promised, so that a restart
/// may skip some and never uses one twice.
final class Shelf: Sendable {
    private let notebook: any Notebook
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

    init(notebook: any Notebook, prefix: String) {
        self.notebook = notebook
        self.prefix = prefix
        let entries = notebook.keys(prefix: prefix + "event/").compactMap { key in
            notebook.read(key).flatMap { try? JSONDecoder().decode(Entry.self, from: Data($0)) }
        }
        let next = notebook.read(prefix + "codes").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        state = Mutex(Held(shelf: ShelfState(entries: entries, nextCode: next), reserved: next))
        // Before the first code is used, not with it: a kill in between would give it a second time.
        state.withLock { reserve(&$0) }
    }

    func plan(_ order: Order) throws(DeliveryFailure) -> Entry {
        do {
            return try change { shelf throws(ShelfState.Refusal) in try shelf.plan(order) }
        } catch {
            switch error {
            case .noIdentifierLeft(let count):
                throw .rejected("all \(count) message identifiers are in use by other events; cancel one")
            case .sameWords(let event):
                throw .rejected("the same words are on the air for \(event); phones drop a mail they have seen")
            }
        }
    }

    func note(_ change: Slot.Change, of slot: Slot, in order: Order) {
        self.change { $0.note(change, of: slot, event: order.event, delivery: order.delivery) }
    }

    func entry(of event: EventID) -> Entry? { state.withLock { $0.shelf.entries[event] } }

    /// What may be on the air, for a far end that has lost its memory.
    var entries: [Entry] { state.withLock { Array($0.shelf.entries.values) } }

    func forget(_ event: EventID) { change { $0.forget(event) } }

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
    }

    /// The next block is reserved when the last one is half used, so that the note is on disk before it is needed.
    private func reserve(_ held: inout Held) {
        guard held.shelf.nextCode + Self.block / 2 > held.reserved else { return }
        held.reserved = held.shelf.nextCode + Self.block
        notebook.write(prefix + "codes", Array(String(held.reserved).utf8))
    }

    private func key(_ event: EventID) -> String { "\(prefix)event/\(event.text)" }
}
