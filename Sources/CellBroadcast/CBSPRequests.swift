// The messages a centre sends, each with its elements in the order TS 48.049 §8.1 lists them.

/// What a controller is to broadcast.
package struct CBSPBroadcast: Hashable, Sendable {
    package var identifier: UInt16
    package var serial: SerialNumber
    package var cells: CellList
    package var content: Content

    package enum Content: Hashable, Sendable {
        /// `period` in units of 1.883 s; `broadcasts` 0: until killed.
        case text(PagedText, category: CBSPElement.Category, period: UInt16, broadcasts: UInt16)
        /// An ETWS primary notification; `security` has 50 octets.
        case warning(WarningType, period: WarningPeriod, security: [UInt8])
    }

    package init(identifier: UInt16, serial: SerialNumber, cells: CellList = .all, content: Content) {
        self.identifier = identifier
        self.serial = serial
        self.cells = cells
        self.content = content
    }

    package var isWarning: Bool { if case .warning = content { true } else { false } }
}

extension CBSPMessage {
    /// - Parameter old: The serial it replaces; nil writes a new message.
    package static func write(_ broadcast: CBSPBroadcast, replacing old: SerialNumber? = nil) -> CBSPMessage {
        var elements: [CBSPElement] = [.messageIdentifier(broadcast.identifier), .newSerial(broadcast.serial)]
        if let old { elements.append(.oldSerial(old)) }
        elements.append(.cells(broadcast.cells))
        switch broadcast.content {
        case .text(let paged, let category, let period, let broadcasts):
            elements += [
                .channel(0), .category(category), .repetitionPeriod(period), .broadcastsRequested(broadcasts),
                // `PagedText` has fifteen pages at most.
                .pageCount(UInt8(paged.pages.count)), .codingScheme(paged.codingScheme),
            ]
            elements += paged.pages.map { .content($0) }
        case .warning(let type, let period, let security):
            elements += [
                .emergencyIndicator(1), .warningType(type), .securityInformation(security), .warningPeriod(period),
            ]
        }
        return CBSPMessage(.writeReplace, elements)
    }

    /// A warning is killed without a channel: it is on none.
    package static func kill(
        _ identifier: UInt16, _ serial: SerialNumber, isWarning: Bool, cells: CellList = .all
    ) -> CBSPMessage {
        let channel: [CBSPElement] = isWarning ? [] : [.channel(0)]
        return CBSPMessage(.kill, [.messageIdentifier(identifier), .oldSerial(serial), .cells(cells)] + channel)
    }

    package static func reset(cells: CellList = .all) -> CBSPMessage { CBSPMessage(.reset, [.cells(cells)]) }

    package static func loadQuery(cells: CellList = .all) -> CBSPMessage {
        CBSPMessage(.loadQuery, [.cells(cells), .channel(0)])
    }

    package static func statusQuery(_ identifier: UInt16, _ serial: SerialNumber, cells: CellList = .all) -> CBSPMessage {
        CBSPMessage(.statusQuery, [.messageIdentifier(identifier), .oldSerial(serial), .cells(cells), .channel(0)])
    }

    package static func setDRX(schedulePeriod: UInt8, reservedSlots: UInt8, cells: CellList = .all) -> CBSPMessage {
        CBSPMessage(.setDRX, [.cells(cells), .schedulePeriod(schedulePeriod), .reservedSlots(reservedSlots), .channel(0)])
    }

    /// `seconds`: how often we send one, so that the controller may miss them.
    package static func keepAlive(seconds: Int) -> CBSPMessage {
        CBSPMessage(.keepAlive, [.keepAlivePeriod(WarningPeriod(seconds: seconds))])
    }

    /// Nothing that must be there is missing (TS 48.049 §8.1), and what is repeated is counted right.
    package func checkMandatory() throws(CBSPError) {
        let present = Set(elements.map(\.identifier))
        for (identifier, name) in Self.mandatory(type) where !present.contains(identifier) { throw .missing(name) }
        guard type == .writeReplace else { return }
        if present.contains(0x0F) {
            for (identifier, name) in Self.warningElements where !present.contains(identifier) { throw .missing(name) }
            return
        }
        for (identifier, name) in Self.textElements where !present.contains(identifier) { throw .missing(name) }
        let pages = elements.count { $0.identifier == 0x01 }
        for case .pageCount(let count) in elements where Int(count) != pages {
            throw .badElement(0x13, offset: 0, "\(count) pages announced, \(pages) are there")
        }
    }

    private typealias Named = [(UInt8, String)]
    private static let id: Named = [(0x0E, "message identifier")]
    private static let new: Named = [(0x03, "new serial number")], old: Named = [(0x02, "old serial number")]
    private static let list: Named = [(0x04, "cell list")]
    private static let textElements: Named = [
        (0x12, "channel indicator"), (0x05, "category"), (0x06, "repetition period"), (0x07, "number of broadcasts"),
        (0x13, "number of pages"), (0x0C, "data coding scheme"), (0x01, "message content"),
    ]
    private static let warningElements: Named = [
        (0x10, "warning type"), (0x11, "warning security information"), (0x17, "warning period"),
    ]

    private static func mandatory(_ type: Kind) -> Named {
        switch type {
        case .writeReplace: id + new + list
        case .writeReplaceComplete: id + new
        case .writeReplaceFailure: id + new + [(0x09, "failure list")]
        case .kill, .statusQuery: id + old + list
        case .killComplete, .statusQueryComplete: id + old
        case .killFailure, .statusQueryFailure: id + old + [(0x09, "failure list")]
        case .loadQuery, .setDRX, .reset, .resetComplete, .restart: list
        case .loadQueryComplete: [(0x0A, "loading list")]
        case .loadQueryFailure, .setDRXFailure, .resetFailure, .failure: [(0x09, "failure list")]
        case .setDRXComplete: list
        case .errorIndication: [(0x0B, "cause")]
        case .keepAlive: [(0x18, "keep-alive period")]
        case .keepAliveComplete: []
        }
    }
}
