internal import DequeModule

/// Who stands in the door, and who has to go when it is full.
///
///     enter ──▶ asking ──▶ answered to ──▶ resting ─┐
///                 ▲                                 │
///                 └─────────────────────────────────┘
///     pushed out, the oldest first:  1. who has said nothing or half a request, or does not read
///                                    2. who rests after an answer   3. who rests and came through our own proxy
///     never:  who is being answered to, and who has a name (a device of ours, a person, a program)
///
/// A connection costs its far side nothing and us a descriptor. A stranger who holds one in silence keeps it only as long
/// as nobody else wants to come in. A name protects so many connections and no more: a pupil's token opens a thousand.
///
/// A value: no clock, no socket. `Doorkeeper` holds it in a lock and closes whom it names.
package struct GuestBook<ID: Hashable & Sendable>: Sendable {
    package struct Limits: Sendable {
        /// All connections.
        package var total: Int
        /// Strangers of one address; nobody counts those of this machine, where our own proxy speaks for the world.
        package var perAddress: Int
        /// Connections that one name keeps from being pushed out.
        package var perName: Int

        package init(total: Int, perAddress: Int? = nil, perName: Int = 16) {
            self.total = max(16, total)
            self.perAddress = perAddress ?? max(64, total / 4)
            self.perName = perName
        }
    }

    package enum Doing: Int, Sendable {
        /// Has said nothing yet, or not all, or does not read what we say.
        case asking = 0
        /// Had an answer; the connection is kept for the next question.
        case resting = 1
        case answeredTo = 3
    }

    package enum Entry: Equatable, Sendable {
        case welcome(pushedOut: ID?)
        case full
    }

    private struct Guest: Sendable {
        var address: String
        /// Through our own proxy, or from a program on this machine.
        var isHouse: Bool
        var doing = Doing.asking
        var name: String?
        /// Which of its places in a row is the valid one; 0: it stands in none.
        var stamp: UInt64 = 0

        /// Its row, 0 to go first; nil: it is not pushed out.
        var row: Int? {
            guard name == nil, doing != .answeredTo else { return nil }
            return doing == .resting && isHouse ? 2 : doing.rawValue
        }
    }

    /// A row by age, from which who leaves in the middle is taken out when his turn comes.
    private struct Row: Sendable {
        var places: Deque<(id: ID, stamp: UInt64)> = []
    }

    private var guests: [ID: Guest] = [:]
    private var rows = [Row(), Row(), Row()]
    private var rowsOf: [String: [Row]] = [:]
    private var strangersOf: [String: Int] = [:]
    private var named: [String: Int] = [:]
    private var lastStamp: UInt64 = 0
    private let limits: Limits

    package init(_ limits: Limits) { self.limits = limits }

    package var count: Int { guests.count }
    package var namedCount: Int { named.values.reduce(0, +) }

    package mutating func enter(_ id: ID, address: String, isHouse: Bool) -> Entry {
        var out: ID?
        if !isHouse, strangersOf[address, default: 0] >= limits.perAddress {
            guard let oldest = takeOldest(of: address) else { return .full }
            out = oldest
        } else if guests.count >= limits.total {
            guard let oldest = takeOldest() else { return .full }
            out = oldest
        }
        guests[id] = Guest(address: address, isHouse: isHouse)
        count(id, 1)
        stand(id)
        return .welcome(pushedOut: out)
    }

    package mutating func turn(_ id: ID, _ doing: Doing) {
        guard guests[id] != nil, guests[id]?.doing != doing else { return }
        guests[id]?.doing = doing
        stand(id)
    }

    /// Whose it is, as its last request said.
    package mutating func name(_ id: ID, _ name: String?) {
        guard let guest = guests[id], guest.name != name else { return }
        let isKept = name.map { named[$0, default: 0] < limits.perName } ?? false
        guard isKept || guest.name != nil else { return }
        count(id, -1)
        guests[id]?.name = isKept ? name : nil
        count(id, 1)
        stand(id)
    }

    package mutating func leave(_ id: ID) {
        guard guests[id] != nil else { return }
        count(id, -1)
        guests[id] = nil
    }

    /// The longest silent, who are out of the book with that.
    package mutating func pushOut(upTo wanted: Int) -> [ID] {
        var out: [ID] = []
        while out.count < wanted, let oldest = takeOldest() { out.append(oldest) }
        return out
    }

    // MARK: rows

    private mutating func count(_ id: ID, _ change: Int) {
        guard let guest = guests[id] else { return }
        if let name = guest.name {
            let now = named[name, default: 0] + change
            named[name] = now > 0 ? now : nil
        } else if !guest.isHouse {
            let now = strangersOf[guest.address, default: 0] + change
            strangersOf[guest.address] = now > 0 ? now : nil
            if now <= 0 { rowsOf[guest.address] = nil }
        }
    }

    private mutating func stand(_ id: ID) {
        guard let guest = guests[id] else { return }
        guard let row = guest.row else {
            guests[id]?.stamp = 0
            return
        }
        lastStamp += 1
        guests[id]?.stamp = lastStamp
        append((id, lastStamp), to: row, of: guest)
    }

    private mutating func append(_ place: (id: ID, stamp: UInt64), to row: Int, of guest: Guest) {
        let guests = guests
        // `row` is one of three, as `Guest.row` says.
        rows[row].places.append(place)
        if rows[row].places.count > 2 * guests.count + 64 { rows[row].places.removeAll { guests[$0.id]?.stamp != $0.stamp } }
        guard !guest.isHouse else { return }
        let bound = 2 * strangersOf[guest.address, default: 0] + 64
        rowsOf[guest.address, default: [Row(), Row(), Row()]][row].places.append(place)
        if let count = rowsOf[guest.address]?[row].places.count, count > bound {
            rowsOf[guest.address]?[row].places.removeAll { guests[$0.id]?.stamp != $0.stamp }
        }
    }

    private mutating func takeOldest(of address: String? = nil) -> ID? {
        for index in rows.indices {
            while let place = address.map({ rowsOf[$0]?[index].places.popFirst() }) ?? rows[index].places.popFirst() {
                guard guests[place.id]?.stamp == place.stamp else { continue }
                leave(place.id)
                return place.id
            }
        }
        return nil
    }
}
