/// What a bulletin says by number beside its areas: fixed sentences (固定付加文), and the keyword of an information that names no place.
import AlertModel

enum JMARemarks {
    /// Of Comments: ForecastComment, VarComment, WarningComment … Several codes may share one text, separated by spaces.
    static func read(_ body: XMLElement) -> [Remark] {
        guard let comments = body.own("Comments") else { return [] }
        var remarks: [Remark] = []
        for comment in comments.children where comment.sharesNamespace(with: comments) {
            let codes = comment.word("Code")?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
            let text = codes.count == 1 ? comment.word("Text") : nil
            for code in codes where !remarks.contains(where: { $0.code == code }) { remarks.append(Remark(code: code, text: text)) }
        }
        return remarks
    }

    /// EarthquakeInfo/InfoSerial of Nankai Trough bulletins: 120 巨大地震警戒. An information number is no area.
    static func keyword(_ body: XMLElement) -> AreaStatement? {
        guard let serial = body.own("EarthquakeInfo")?.own("InfoSerial"), let code = serial.word("Code") else { return nil }
        return AreaStatement(
            scheme: .other, code: code, name: serial.word("Name"), kindCode: code, kindName: serial.word("Name"),
            codeType: "地震関連情報番号コード")
    }
}
