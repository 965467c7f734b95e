/// The region a bulletin is for, where it stands in the title alone: 埼玉県熱中症警戒アラート, 石狩・空知・後志地方熱中症警戒アラート.
internal import AlertModel
internal import Codes

enum JMATitleRegion {
    /// 府県予報区 by its name before `kind`; nil where no table has such a place, and then nobody is told by guess.
    static func read(_ headTitle: String, _ kind: String, _ codes: CodeTables) -> AreaStatement? {
        guard let found = headTitle.firstRange(of: kind) else { return nil }
        // A range found in this text.
        let name = String(headTitle[..<found.lowerBound])
        guard let code = codes.code(.jmaForecast, named: name) else { return nil }
        return AreaStatement(scheme: .jmaForecast, code: code, name: name, kindName: kind, status: "発表")
    }
}
