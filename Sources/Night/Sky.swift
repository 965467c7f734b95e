/// Bulletins as JMA writes them, of the night's own making: short, and no longer than reading them needs.
import Foundation

struct Sky {
    enum Kind: String { case warning, forecast, tsunami }

    static func earthquake(
        event: String, serial: Int, at: Date, isWarning: Bool, isCancel: Bool = false, isDrill: Bool = false, intensity: String = "6-"
    ) -> [UInt8] {
        let title = isWarning ? "緊急地震速報（警報）" : "緊急地震速報（地震動予報）"
        let name = isWarning ? "緊急地震速報（警報）" : "緊急地震速報（予報）"
        let headline = isCancel || !isWarning ? "<Text/>" : """
            <Text>三陸沖で地震　東北で強い揺れ</Text>
            <Information type="緊急地震速報（細分区域）"><Item><Kind><Name>\(name)</Name><Code>31</Code></Kind>
            <LastKind><Name>なし</Name><Code>00</Code></LastKind><Areas codeType="地震情報／細分区域">
            <Area><Name>宮城県北部</Name><Code>220</Code></Area></Areas></Item></Information>
            """
        let body = isCancel ? "<Text>先ほどの、緊急地震速報を取り消します。</Text>" : """
            <Earthquake><OriginTime>\(time(at.addingTimeInterval(-20)))</OriginTime><ArrivalTime>\(time(at.addingTimeInterval(-8)))</ArrivalTime>
            <Hypocenter><Area><Name>三陸沖</Name><Code type="震央地名">288</Code>
            <jmx_eb:Coordinate description="北緯３８．２度　東経１４２．７度　深さ　１０ｋｍ">+38.2+142.7-10000/</jmx_eb:Coordinate>
            <ReduceName>三陸沖</ReduceName><ReduceCode type="短縮用震央地名">9738</ReduceCode><LandOrSea>海域</LandOrSea></Area></Hypocenter>
            <jmx_eb:Magnitude type="Mj" description="Ｍ７．２">7.2</jmx_eb:Magnitude></Earthquake>
            <Intensity><Forecast><ForecastInt><From>\(isWarning ? intensity : "1")</From><To>\(isWarning ? intensity : "1")</To></ForecastInt>
            \(isWarning ? """
                <Pref><Name>宮城</Name><Code>9040</Code><Area><Name>宮城県北部</Name><Code>220</Code>
                <Category><Kind><Name>緊急地震速報（警報）</Name><Code>10</Code></Kind></Category>
                <ForecastInt><From>\(intensity)</From><To>\(intensity)</To></ForecastInt>
                <ArrivalTime>\(time(at.addingTimeInterval(10)))</ArrivalTime></Area></Pref>
                """ : "")
            </Forecast></Intensity>
            """
        return report(
            title: title, at: at, event: event, isCancel: isCancel, serial: "\(serial)", kind: "緊急地震速報", version: "1.2_0",
            headline: headline, body: body, isDrill: isDrill)
    }

    /// `code`: 52 大津波警報, 51 津波警報, 62 津波注意報, 50 警報解除.
    static func tsunami(event: String, at: Date, code: String, before: String, isDrill: Bool = false) -> [UInt8] {
        let names = ["52": "大津波警報", "53": "大津波警報：発表", "51": "津波警報", "62": "津波注意報", "50": "警報解除", "00": "津波なし"]
        let name = names[code] ?? ""
        return report(
            title: "津波警報・注意報・予報a", at: at, event: event, isCancel: false, serial: "", kind: "津波警報・注意報・予報", version: "1.0_1",
            headline: """
                <Text>\(name)を発表しました。</Text><Information type="津波予報領域表現"><Item><Kind><Name>\(name)</Name><Code>\(code)</Code></Kind>
                <Areas codeType="津波予報区"><Area><Name>東北地方太平洋沿岸</Name><Code>291</Code></Area></Areas></Item></Information>
                """,
            body: """
                <Tsunami><Forecast><CodeDefine><Type xpath="Item/Area/Code">津波予報区</Type>
                <Type xpath="Item/Category/Kind/Code">警報等情報要素／津波警報・注意報・予報</Type></CodeDefine>
                <Item><Area><Name>宮城県</Name><Code>220</Code></Area><Category><Kind><Name>\(name)</Name><Code>\(code)</Code></Kind>
                <LastKind><Name>\(names[before] ?? "")</Name><Code>\(before)</Code></LastKind></Category></Item></Forecast></Tsunami>
                """,
            isDrill: isDrill)
    }

    private static func report(
        title: String, at: Date, event: String, isCancel: Bool, serial: String, kind: String, version: String, headline: String,
        body: String, isDrill: Bool
    ) -> [UInt8] {
        Array("""
            <?xml version="1.0" encoding="UTF-8"?>
            <Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/">
            <Control><Title>\(title)</Title><DateTime>\(universal(at))</DateTime><Status>\(isDrill ? "訓練" : "通常")</Status>
            <EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
            <Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>\(title)</Title>
            <ReportDateTime>\(time(at))</ReportDateTime><TargetDateTime>\(time(at))</TargetDateTime><EventID>\(event)</EventID>
            <InfoType>\(isCancel ? "取消" : "発表")</InfoType><Serial>\(serial)</Serial><InfoKind>\(kind)</InfoKind>
            <InfoKindVersion>\(version)</InfoKindVersion><Headline>\(headline)</Headline></Head>
            <Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
            \(body)
            </Body></Report>
            """.utf8)
    }

    /// In Japan's time, as JMA writes it; by hand, since a formatter takes longer than reading the bulletin.
    static func time(_ date: Date) -> String { civil(date.addingTimeInterval(9 * 3600)) + "+09:00" }
    static func universal(_ date: Date) -> String { civil(date) + "Z" }
    static func event(_ date: Date) -> String { civil(date.addingTimeInterval(9 * 3600)).filter(\.isNumber) }

    private static func civil(_ date: Date) -> String {
        let seconds = Int(date.timeIntervalSince1970.rounded(.down))
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let ofYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let civilMonth = month < 10 ? month + 3 : month - 9
        return "\(year + era * 400 + (civilMonth <= 2 ? 1 : 0))-\(two(civilMonth))-\(two(ofYear - (153 * month + 2) / 5 + 1))"
            + "T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    }
}
