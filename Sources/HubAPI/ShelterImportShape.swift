/// What a list of shelters is read as, and what it changes: the same answer from a hub and from a command beside a folder.
package import AlertModel
package import Codes
package import Hub
internal import Ingest

package struct ShelterImportShape: Encodable {
    private static let remarkLimit = 2_000

    struct Remark: Encodable {
        var line: Int
        var kind, text: String
    }
    struct Column: Encodable {
        var column: Int
        var header, verdict: String
        var used_as, remark: String?
    }
    struct Elsewhere: Encodable {
        var town, name: String
        var rows: Int
    }
    var town, list, layout, encoding: String
    var dry_run: Bool
    var added, changed, removed, kept_open, of_settings, other_lists: [String]
    var unchanged, elsewhere, refused_rows, remarks_left_out: Int
    var elsewhere_towns: [Elsewhere]
    var columns: [Column]
    var remarks: [Remark]

    package init(_ report: ShelterImport, _ town: TownID, _ codes: CodeTables) {
        self.town = town.code
        list = report.name
        layout = report.list.layout.rawValue
        encoding = report.list.encoding.rawValue
        dry_run = report.isDryRun
        added = report.added
        changed = report.changed
        removed = report.removed
        kept_open = report.keptOpen
        of_settings = report.ofSettings
        other_lists = report.others
        unchanged = report.unchanged
        elsewhere = report.elsewhere
        elsewhere_towns = report.list.elsewhere.sorted { $0.key < $1.key }.map { id, rows in
            Elsewhere(town: id.code, name: codes.town(id).map { $0.prefecture + $0.name } ?? id.code, rows: rows)
        }
        refused_rows = report.list.refusedRows
        columns = report.list.columns.map {
            Column(column: $0.position, header: $0.header, verdict: $0.verdict.rawValue, used_as: $0.use, remark: $0.remark)
        }
        remarks_left_out = max(0, report.list.remarks.count - Self.remarkLimit)
        // What was refused first, then what is doubtful: a list of thousand mended capacities must not hide it.
        let kinds: [ShelterList.Remark.Kind] = [.refused, .doubtful, .mended]
        let sorted = kinds.flatMap { kind in report.list.remarks.filter { $0.kind == kind } }
        remarks = sorted.prefix(Self.remarkLimit).sorted { $0.line < $1.line }
            .map { Remark(line: $0.line, kind: $0.kind.rawValue, text: $0.text) }
    }
}
