/// Which cells a message is for, or an answer speaks of.
///
/// Source: 3GPP TS 48.049 §8.2.6 (cell list), §8.2.11 (failure list), §8.2.10 (completed list), §8.2.12 (loading list).
package struct CellList: Hashable, Sendable {
    /// How cells are named; `allCells` needs no names.
    package let naming: CellNaming
    package let cells: [CellName]

    package static let all = CellList(uncheckedNaming: .allCells, [])

    private init(uncheckedNaming naming: CellNaming, _ cells: [CellName]) {
        self.naming = naming
        self.cells = cells
    }

    /// Nil unless every name has the length its naming asks for.
    package init?(_ naming: CellNaming, _ cells: [CellName]) {
        guard cells.allSatisfy({ $0.octets.count == naming.length }), naming != .allCells || cells.isEmpty else { return nil }
        self.init(uncheckedNaming: naming, cells)
    }
}

/// The cell identification discriminator.
package enum CellNaming: UInt8, CaseIterable, Sendable {
    case globalIdentity = 0
    case areaAndCell = 1
    case cell = 2
    case locationArea = 4
    case areaCode = 5
    case allCells = 6

    /// Octets of one name: MCC and MNC are 3, LAC 2, CI 2.
    package var length: Int {
        switch self {
        case .globalIdentity: 7
        case .areaAndCell: 4
        case .cell, .areaCode: 2
        case .locationArea: 5
        case .allCells: 0
        }
    }
}

/// One cell or area as the network names it.
package struct CellName: Hashable, Sendable, CustomStringConvertible {
    package let octets: [UInt8]
    package init(_ octets: [UInt8]) { self.octets = octets }
    package var description: String { octets.isEmpty ? "all" : Hex.text(octets) }
}

/// A cell that refused.
package struct CellFailure: Hashable, Sendable {
    package let naming: CellNaming
    package let cell: CellName
    package let cause: CBSPCause
    package init(naming: CellNaming, cell: CellName, cause: CBSPCause) {
        self.naming = naming
        self.cell = cell
        self.cause = cause
    }
}

/// How often a message went out before it was replaced or killed.
package struct CompletedList: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package let cell: CellName
        package let broadcasts: UInt16
        /// 0 the count is right, 1 it overflowed, 2 unknown.
        package let certainty: UInt8
        package init(cell: CellName, broadcasts: UInt16, certainty: UInt8) {
            self.cell = cell
            self.broadcasts = broadcasts
            self.certainty = certainty
        }
    }
    package let naming: CellNaming
    package let items: [Item]
    package init(naming: CellNaming, items: [Item]) {
        self.naming = naming
        self.items = items
    }
}

/// Free capacity by cell, two octets each.
package struct LoadList: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package let cell: CellName
        package let load: UInt16
        package init(cell: CellName, load: UInt16) {
            self.cell = cell
            self.load = load
        }
    }
    package let naming: CellNaming
    package let items: [Item]
    package init(naming: CellNaming, items: [Item]) {
        self.naming = naming
        self.items = items
    }
}
