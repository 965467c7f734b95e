/// What a mail server says became of a letter: a report (RFC 3464) inside `multipart/report` (RFC 6522), read strictly.
///
///     header: To: bousai+a7k…@town.example    whose letter it was (`ReturnPaths`)
///     part 1  for people                       not read
///     part 2  message/delivery-status          one group of the letter, one for each address: Final-Recipient, Action, Status
///     part 3  the letter itself                not read
///
/// Anybody can write to a return path: bounds on size, lines and groups, no field twice, no action that its code contradicts. What is not
/// understood is no report, and changes nothing.
struct DeliveryReport: Equatable {
    enum Action: String, CaseIterable {
        case failed, delayed, delivered, relayed, expanded
    }

    struct Recipient: Equatable {
        /// `rfc822;…` without its type.
        var address: String
        var action: Action
        /// `5.1.1` (RFC 3463).
        var status: String
        /// The server's own words, on one line.
        var diagnostic: String?
    }

    enum Unreadable: Error, Equatable {
        case tooLong, noReport(String)
    }

    static let limit = 256 * 1024
    private static let lineLimit = 4_000, lineCount = 8_000, recipientLimit = 50, boundaryLimit = 70

    /// Where the report itself came to.
    let arrivedAt: [String]
    let recipients: [Recipient]

    init(_ octets: [UInt8]) throws(Unreadable) {
        guard octets.count <= Self.limit else { throw .tooLong }
        let lines = try Self.lines(octets)
        let (fields, body) = try Self.header(lines[...])
        guard let type = try Self.one("content-type", fields) else { throw .noReport("no Content-Type") }
        let kind = Self.parameters(type)
        guard kind.type == "multipart/report", kind.values["report-type"]?.lowercased() == "delivery-status",
            let boundary = kind.values["boundary"], (1...Self.boundaryLimit).contains(boundary.utf8.count)
        else { throw .noReport("no report of a delivery") }
        arrivedAt = ["delivered-to", "x-original-to", "to"].flatMap { name in fields.filter { $0.name == name }.compactMap { Self.address($0.value) } }
        recipients = try Self.groups(of: try Self.second(body, boundary))
    }

    /// The gravest that it says: who is told nothing counts before who is told.
    var gravest: Recipient? {
        recipients.min { left, right in Self.rank(left.action) < Self.rank(right.action) }
    }

    // Listed in the order of their gravity.
    private static func rank(_ action: Action) -> Int { Action.allCases.firstIndex(of: action) ?? 0 }

    // MARK: Lines and fields

    private struct Field {
        var name: String
        var value: String
    }

    private static func lines(_ octets: [UInt8]) throws(Unreadable) -> [Substring] {
        guard !octets.contains(0), let text = String(validating: octets, as: UTF8.self) else { throw .noReport("no text") }
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        guard lines.count <= lineCount, lines.allSatisfy({ $0.utf8.count <= lineLimit && !$0.contains("\r") }) else { throw .tooLong }
        return lines
    }

    /// Fields to the first empty line, and what is behind it.
    private static func header(_ lines: ArraySlice<Substring>) throws(Unreadable) -> (fields: [Field], rest: ArraySlice<Substring>) {
        let end = lines.firstIndex { $0.isEmpty } ?? lines.endIndex
        var fields: [Field] = []
        for line in lines[lines.startIndex..<end] {
            if let first = line.first, first == " " || first == "\t" {
                guard !fields.isEmpty else { throw .noReport("a header that begins in its middle") }
                fields[fields.count - 1].value += " " + line.trimmingBlanks
            } else {
                guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    // mbox's own line, which some write at the top.
                    if fields.isEmpty, line.hasPrefix("From ") { continue }
                    throw .noReport("no header field")
                }
                // The colon was found in this very line.
                fields.append(Field(name: line[..<colon].lowercased(), value: line[line.index(after: colon)...].trimmingBlanks))
            }
        }
        return (fields, end < lines.endIndex ? lines[(end + 1)...] : [])
    }

    private static func one(_ name: String, _ fields: [Field]) throws(Unreadable) -> String? {
        let found = fields.filter { $0.name == name }
        guard found.count <= 1 else { throw .noReport("\(name) twice") }
        return found.first?.value
    }

    /// `multipart/report; report-type=delivery-status; boundary="…"`.
    private static func parameters(_ text: String) -> (type: String, values: [String: String]) {
        var parts: [String] = [""], isQuoted = false, isEscaped = false
        for character in text {
            if isEscaped { isEscaped = false; parts[parts.count - 1].append(character) } else if isQuoted, character == "\\" { isEscaped = true } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ";", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        var values: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let sign = part.firstIndex(of: "=") else { continue }
            let name = part[..<sign].trimmingBlanks.lowercased()
            // The sign was found in this very part.
            if values[name] == nil { values[name] = part[part.index(after: sign)...].trimmingBlanks }
        }
        // It begins with one and only grows.
        return (parts[0].trimmingBlanks.lowercased(), values)
    }

    /// `<a@b>`, `Name <a@b>` or `a@b`.
    private static func address(_ text: String) -> String? {
        // Both signs were found in this very text, the second behind the first.
        let bare = text.lastIndex(of: "<").flatMap { open in text[open...].firstIndex(of: ">").map { text[text.index(after: open)..<$0] } } ?? text[...]
        return isAddress(bare) ? String(bare) : nil
    }

    private static func isAddress(_ text: Substring) -> Bool {
        (3...254).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && ![0x22, 0x28, 0x29, 0x2C, 0x3A, 0x3B, 0x3C, 0x3E, 0x5B, 0x5C, 0x5D].contains($0) }
            && text.count { $0 == "@" } == 1 && text.first != "@" && text.last != "@"
    }

    // MARK: The second part

    private static func second(_ lines: ArraySlice<Substring>, _ boundary: String) throws(Unreadable) -> ArraySlice<Substring> {
        // As long as the prefix that was just seen; indices are the list's own.
        let marks = lines.indices.filter { lines[$0].hasPrefix("--" + boundary) && ["", "--"].contains(lines[$0].dropFirst(boundary.count + 2).trimmingBlanks) }
        guard marks.count >= 3 else { throw .noReport("no second part") }
        let (fields, body) = try header(lines[(marks[1] + 1)..<marks[2]])
        let type = try one("content-type", fields).map { parameters($0).type } ?? ""
        guard ["message/delivery-status", "message/global-delivery-status"].contains(type) else { throw .noReport("the second part is no status") }
        let encoding = try one("content-transfer-encoding", fields)?.lowercased() ?? "7bit"
        guard ["7bit", "8bit"].contains(encoding) else { throw .noReport("an encoded status") }
        return body
    }

    private static func groups(of lines: ArraySlice<Substring>) throws(Unreadable) -> [Recipient] {
        var rest = lines.drop { $0.isEmpty }
        let letter = try header(rest)
        guard let reporter = try one("reporting-mta", letter.fields), !reporter.isEmpty else { throw .noReport("nobody reports") }
        rest = letter.rest.drop { $0.isEmpty }
        var found: [Recipient] = []
        while !rest.isEmpty {
            guard found.count < recipientLimit else { throw .tooLong }
            let group = try header(rest)
            found.append(try recipient(group.fields))
            rest = group.rest.drop { $0.isEmpty }
        }
        guard !found.isEmpty else { throw .noReport("of nobody") }
        return found
    }

    private static func recipient(_ fields: [Field]) throws(Unreadable) -> Recipient {
        guard let final = try one("final-recipient", fields), let sign = final.firstIndex(of: ";"),
            ["rfc822", "utf-8"].contains(final[..<sign].trimmingBlanks.lowercased())
        else { throw .noReport("no final recipient") }
        // The sign was found in this very text.
        let address = final[final.index(after: sign)...].trimmingBlanks
        guard isAddress(address[...]) else { throw .noReport("an odd recipient") }
        guard let action = try one("action", fields).flatMap({ Action(rawValue: $0.lowercased()) }) else { throw .noReport("no action") }
        guard let status = try one("status", fields)?.prefix(while: { $0 != " " && $0 != "(" }), let found = status.wholeMatch(of: /([245])\.[0-9]{1,3}\.[0-9]{1,3}/) else {
            throw .noReport("no status")
        }
        let allowed: [Action: Set<String>] = [.failed: ["4", "5"], .delayed: ["4"], .delivered: ["2"], .relayed: ["2"], .expanded: ["2"]]
        guard allowed[action]?.contains(String(found.output.1)) == true else { throw .noReport("an action its status contradicts") }
        // `smtp; 550 5.1.1 …`: what is behind the type.
        let diagnostic = try one("diagnostic-code", fields).map { text in text.firstIndex(of: ";").map { text[text.index(after: $0)...].trimmingBlanks } ?? text }
        return Recipient(address: address, action: action, status: String(status), diagnostic: diagnostic)
    }
}

extension StringProtocol {
    fileprivate var trimmingBlanks: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return String(part)
    }
}
