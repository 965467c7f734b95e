/// Lists of shelters and evacuation sites as they are really published: eight layouts, three encodings, capacities in
/// prose, ids that are missing, coordinates the wrong way round.
///
///     octets ──▶ UTF-8 ──▶ CSV rows ──▶ header found by its words ──▶ each row read, mended or refused
///
/// One bad row never costs the others. A file without a header we know is refused whole, because columns by guess
/// would send people to the wrong place.
///
/// Sources: 国土地理院 指定緊急避難場所・指定避難所データ; デジタル庁 自治体標準オープンデータセット 03 (39 columns) and its
/// earlier edition (26 columns).
import AlertModel
package import Codes

package enum ShelterListReader {
    /// The whole country's list (GSI) has about 110,000 rows in 20 MB.
    static let sizeLimit = 64 << 20
    static let rowLimit = 200_000
    static let remarkLimit = 20_000
    /// More rows than this, and more than a tenth of ours, that speak against the town: then it is not the town's file.
    static let strangers = 3

    /// - Parameters:
    ///   - fileName: GSI's files by municipality have the code nowhere else: `13101_2.csv`.
    ///   - town: the town the list is for. It stands in where a row says nothing; rows that speak against it are refused,
    ///     rows of others counted under `elsewhere`. Nil: each row is what it says.
    ///   - name: what the list is called (津波避難ビル).
    ///   - map: columns named by hand.
    package static func read(
        _ octets: [UInt8], fileName: String, town: ListTown? = nil, name: String? = nil, map: [ColumnMapping] = [],
        tables: CodeTables = .bundled
    ) throws(Refusal) -> ShelterList {
        guard octets.count <= sizeLimit else { throw Refusal("\(sizeLimit)オクテットより大きい (larger than \(sizeLimit) octets)") }
        let (text, encoding) = try ListEncoding.utf8(octets)
        var rows = CSVRows(text)
        let (columns, title) = try header(&rows, map)
        let evidence = TownEvidence(tables: tables, expected: town, title: title, fileName: fileName)
        var list = ListUnderWay(columns: columns, evidence: evidence, names: [name, title, fileName].compactMap(\.self))
        var count = 0
        while let row = rows.next() {
            guard !row.isBlank else { continue }
            count += 1
            guard count <= rowLimit else { throw Refusal("\(rowLimit)行より多い (more than \(rowLimit) rows)") }
            list.take(row)
        }
        list.lookAround()
        try judge(list)
        return ShelterList(
            layout: columns.layout, encoding: encoding, shelters: list.shelters, remarks: list.remarks,
            refusedRows: list.refusedRows, columns: columns.reports, elsewhere: list.elsewhere)
    }

    private static func judge(_ list: ListUnderWay) throws(Refusal) {
        guard list.strangers > strangers, list.strangers * 10 > list.shelters.count + list.strangers else { return }
        throw Refusal(
            "この町の名簿ではないようです: \(list.strangers)行が別の場所を示しています。例: \(list.strangerExample ?? "") "
                + "(not this municipality's list: \(list.strangers) rows speak against it)")
    }

    /// Some lists begin with a title, some have a header of two lines: it begins among the first five rows.
    ///
    /// Leaves `rows` at the first row of data.
    private static func header(_ rows: inout CSVRows, _ map: [ColumnMapping]) throws(Refusal) -> (ShelterColumns, title: String) {
        var before: [CSVRows.Row] = []
        var widest: [String]?
        for _ in 0..<5 {
            guard let row = rows.next() else { break }
            if row.flaw == nil {
                // Two lines first: the upper one alone may hold a name, too.
                var ahead = rows
                if !ListHeader.isTitle(row.cells), let next = ahead.next(), next.flaw == nil, ListHeader.continues(row.cells, with: next.cells),
                    let columns = columns(ListHeader(upper: row.cells, lower: next.cells), ahead, map) {
                    rows = ahead
                    return (try complete(columns, ListHeader(upper: row.cells, lower: next.cells), map), title(before))
                }
                let upper = before.last.flatMap { ListHeader.isTitle($0.cells) ? nil : $0.cells }
                let header = ListHeader(upper: upper, lower: row.cells)
                if let columns = columns(header, rows, map) { return (try complete(columns, header, map), title(before)) }
                if row.cells.count > widest?.count ?? 0 { widest = row.cells }
            }
            before.append(row)
        }
        throw Refusal(nameless(widest))
    }

    private static func columns(_ header: ListHeader, _ rows: CSVRows, _ map: [ColumnMapping]) -> ShelterColumns? {
        var census = [ColumnCensus](repeating: ColumnCensus(), count: header.count)
        for row in rows where !row.isBlank {
            for (position, cell) in row.cells.prefix(header.count).enumerated() { census[position].take(cell) }
        }
        return ShelterColumns(header: header, census: census, map: map)
    }

    private static func complete(_ columns: ShelterColumns, _ header: ListHeader, _ map: [ColumnMapping]) throws(Refusal) -> ShelterColumns {
        let missing = map.filter { header.position(of: $0.theirs) == nil }.map(\.theirs)
        guard missing.isEmpty else {
            throw Refusal(
                "列「\(missing.joined(separator: "」「"))」はありません。列: \(header.written.filter { !$0.isEmpty }.joined(separator: "、")) (no such column)")
        }
        return columns
    }

    private static func title(_ rows: [CSVRows.Row]) -> String {
        rows.map { $0.cells.filter { !$0.isEmpty }.joined(separator: " ") }.joined(separator: " ")
    }

    private static func nameless(_ header: [String]?) -> String {
        guard let header, header.contains(where: { !ListText.tidy($0).isEmpty }) else { return "空の名簿です (no header: the file is empty)" }
        let words = header.prefix(40).map { ListText.tidy($0) }.filter { !$0.isEmpty }.joined(separator: "、").prefix(300)
        return "施設の名称の列が見つかりません。列: \(words)。どの列かを --map \"先方の列名=施設名\" で示してください (no header with a column of names)"
    }
}
