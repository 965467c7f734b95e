/// The Cell Broadcast Service Protocol between a cell-broadcast centre and a base-station controller, as values.
///
/// Source: 3GPP TS 48.049, spoken over TCP port 48049.
///
///     octet 1      octets 2–4                    octet 5 …
///     [type]       [length of what follows]      [element] [element] …
///
///     16           000002                        18 05      KEEP-ALIVE, period 5 s
package struct CBSPMessage: Hashable, Sendable {
    package var type: Kind
    package var elements: [CBSPElement]

    package init(_ type: Kind, _ elements: [CBSPElement]) {
        self.type = type
        self.elements = elements
    }

    /// Message types, TS 48.049 §8.2.2.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case writeReplace = 0x01, writeReplaceComplete, writeReplaceFailure
        case kill = 0x04, killComplete, killFailure
        case loadQuery = 0x07, loadQueryComplete, loadQueryFailure
        case statusQuery = 0x0A, statusQueryComplete, statusQueryFailure
        case setDRX = 0x0D, setDRXComplete, setDRXFailure
        case reset = 0x10, resetComplete, resetFailure
        case restart = 0x13, failure, errorIndication, keepAlive, keepAliveComplete

        package var words: String {
            switch self {
            case .writeReplace: "WRITE-REPLACE"
            case .writeReplaceComplete: "WRITE-REPLACE COMPLETE"
            case .writeReplaceFailure: "WRITE-REPLACE FAILURE"
            case .kill: "KILL"
            case .killComplete: "KILL COMPLETE"
            case .killFailure: "KILL FAILURE"
            case .loadQuery: "LOAD QUERY"
            case .loadQueryComplete: "LOAD QUERY COMPLETE"
            case .loadQueryFailure: "LOAD QUERY FAILURE"
            case .statusQuery: "MESSAGE STATUS QUERY"
            case .statusQueryComplete: "MESSAGE STATUS QUERY COMPLETE"
            case .statusQueryFailure: "MESSAGE STATUS QUERY FAILURE"
            case .setDRX: "SET-DRX"
            case .setDRXComplete: "SET-DRX COMPLETE"
            case .setDRXFailure: "SET-DRX FAILURE"
            case .reset: "RESET"
            case .resetComplete: "RESET COMPLETE"
            case .resetFailure: "RESET FAILURE"
            case .restart: "RESTART"
            case .failure: "FAILURE"
            case .errorIndication: "ERROR INDICATION"
            case .keepAlive: "KEEP-ALIVE"
            case .keepAliveComplete: "KEEP-ALIVE COMPLETE"
            }
        }

        /// For an answer: the request it answers, and whether it is a no.
        package var answers: (request: Kind, isFailure: Bool)? {
            switch self {
            case .writeReplaceComplete: (.writeReplace, false)
            case .writeReplaceFailure: (.writeReplace, true)
            case .killComplete: (.kill, false)
            case .killFailure: (.kill, true)
            case .loadQueryComplete: (.loadQuery, false)
            case .loadQueryFailure: (.loadQuery, true)
            case .statusQueryComplete: (.statusQuery, false)
            case .statusQueryFailure: (.statusQuery, true)
            case .setDRXComplete: (.setDRX, false)
            case .setDRXFailure: (.setDRX, true)
            case .resetComplete: (.reset, false)
            case .resetFailure: (.reset, true)
            case .keepAliveComplete: (.keepAlive, false)
            default: nil
            }
        }
    }
}

// What the answers are asked for.
extension CBSPMessage {
    package var identifier: UInt16? {
        for case .messageIdentifier(let identifier) in elements { return identifier }
        return nil
    }
    package var newSerial: SerialNumber? {
        for case .newSerial(let serial) in elements { return serial }
        return nil
    }
    package var oldSerial: SerialNumber? {
        for case .oldSerial(let serial) in elements { return serial }
        return nil
    }
    package var failures: [CellFailure] {
        for case .failures(let failures) in elements { return failures }
        return []
    }
    package var completed: CompletedList? {
        for case .completed(let list) in elements { return list }
        return nil
    }
    package var cause: CBSPCause? {
        for case .cause(let cause) in elements { return cause }
        return nil
    }
    /// A RESTART says whether the controller still has its messages: 0 yes, 1 all are lost (TS 48.049 §8.2.21).
    package var hasLostItsMessages: Bool {
        !elements.contains { if case .recovery(0) = $0 { true } else { false } }
    }

    /// Why it failed, in words: the causes by cell, or the one cause.
    package var complaint: String {
        var words = failures.prefix(8).map { "cell \($0.cell): \($0.cause.words)" }
        if let cause { words.append(cause.words) }
        return words.isEmpty ? type.words : words.joined(separator: "; ")
    }
}

/// Why a controller refuses, TS 48.049 §8.2.13.
package struct CBSPCause: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let referenceNotIdentified = CBSPCause(rawValue: 0x02)
    package static let referenceAlreadyUsed = CBSPCause(rawValue: 0x0D)

    private static let names = [
        "parameter not recognised", "parameter value invalid", "message reference not identified",
        "cell identity not valid", "unrecognised message", "missing mandatory element",
        "controller capacity exceeded", "cell memory exceeded", "controller memory exceeded",
        "cell broadcast not supported", "cell broadcast not operational", "incompatible DRX parameter",
        "incompatible extended channel", "message reference already used", "unspecified error",
        "LAI or LAC not valid",
    ]

    package var words: String {
        Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "cause \(rawValue), which TS 48.049 does not know"
    }
}
