import AlertModel
import ArgumentParser
import ChannelKit
import Codes
import Crypto
// `stat` belongs to whichever of this and Glibc is loaded first (ARCHITECTURE.md).
import CoreFoundation
import Foundation
import Glibc

extension TownCommand {
    /// A town from nothing.
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "町を一から始める。途中でやめても、次は続きから (a town from nothing, step by step; a second run goes on)",
            discussion: """
                noroshi town init                                   端末で、一つずつ尋ねます
                noroshi town init --status                          どこまで済んだか
                noroshi town init --again channels                  一つの段階をもう一度
                noroshi town init --answers town.yaml --drill       尋ねずに、答えのファイルから

                段階: town 市町村 ▸ areas 区域 ▸ districts 地区 ▸ shelters 避難所のCSV ▸ channels 経路とつながる試験 ▸ people 最初の人と金庫の鍵 ▸ drill はじめての訓練。
                答えは FILE.init に残ります。答えのファイルも同じ形で、town: の下は設定の towns: の一つと同じです。訓練のほかは何も送りません。
                (Steps: code and name, areas, districts, shelters, far ends with a link test each, the first person and the keys for the safe, a first
                drill. Answers are kept in FILE.init, which is also the form of --answers; under town: stands what stands in a list item of towns:.
                Nothing is sent but the drill.)
                """)

        @OptionGroup var keeper: KeeperOptions
        @Option(help: "書く設定ファイル (the settings file to write)") var out = "noroshi.yaml"
        @Option(help: "答えのファイル。尋ねない (a file with the answers; asks nothing)") var answers: String?
        @Option(help: "市町村コード（6桁） (6-digit code)") var code: String?
        @Option(name: .customLong("roman-name"), help: "ローマ字の名前。なければ読みから作る (the name in Latin letters; else made from the reading)") var roman_name: String?
        @Option(name: .customLong("tsunami-area"), help: "津波予報区。何度でも。none はなし (tsunami forecast region; repeat it; none)") var tsunami_area: [String] = []
        @Option(help: "地区。「名前」か「名前=Roman」。何度でも。none は分けない (a district; repeat it; none)") var district: [String] = []
        @Option(help: "避難所のCSV。何度でも。later はあとで (a list of shelters; repeat it; later)") var shelters: [String] = []
        @Option(help: "最初の人の名前 (the first person's name)") var person: String?
        @Option(help: "もう一度する段階 (a step to take again)") var again: String?
        @Flag(help: "どこまで済んだかを見るだけ (only says how far it is)") var status = false
        @Flag(name: .customLong("keep-silent"), help: "返事のない送り先も、あとでつながるものとして残す (keeps far ends that do not answer as not yet there)") var keep_silent = false
        @Flag(help: "動いているハブで、はじめての訓練を出す (sends the first drill on the running hub)") var drill = false
        @Flag(help: "元の設定ファイルを .before に残して書き直す (writes over a settings file that is not of its making; the old one stays as .before)") var replace = false
        @Option(help: "文面のフォルダー (folder of templates)") var templates: String?
        @Flag(help: .hidden) var ask = false

        func run() async throws {
            var work = try TownStart(self)
            guard !status else { return work.report() }
            do {
                try await work.run()
            } catch let error as SettingsError {
                throw Exit.with(Exit.badSettings, error.reason)
            } catch let error as CannotWrite {
                throw Exit.with(Exit.cannotWrite, error.reason)
            } catch is Interview.Over {
                throw Exit.with(Exit.usage, "ここまでを \(work.notes) に残しました。もう一度 noroshi town init で続きから始まります (kept; run it again to go on)")
            }
        }

        func validate() throws {
            if let again, StartStep(rawValue: again) == nil {
                throw ValidationError("--again \(again): 段階は \(StartStep.allCases.map(\.rawValue).joined(separator: ", ")) のどれかです (no such step)")
            }
        }
    }
}

/// One run of it.
struct TownStart {
    let wish: TownCommand.Init
    let interview: Interview
    let codes = CodeTables.bundled
    /// Where the answers are kept.
    let notes: String
    let neighbour = Neighbour()
    var start: FirstStart

    init(_ wish: TownCommand.Init) throws {
        self.wish = wish
        notes = wish.out + ".init"
        interview = Interview(isHeld: wish.ask || (wish.answers == nil && isatty(STDIN_FILENO) == 1))
        do throws(SettingsError) {
            start = FileManager.default.fileExists(atPath: notes) ? try FirstStart.read(notes) : FirstStart()
            if let answers = wish.answers {
                var given = try FirstStart.read(answers)
                given.done = nil
                start = start.taking(given)
            }
        } catch {
            throw Exit.with(Exit.badSettings, error.reason)
        }
        if let data = wish.keeper.data { start.data = data }
        try takeFlags()
    }

    private mutating func takeFlags() throws {
        if let code = wish.code {
            let id = try known(code)
            if start.town?.code != id.code { start.town = Settings.TownSettings(code: id.code) }
        }
        if let name = wish.roman_name { start.town?.roman_name = name }
        if !wish.tsunami_area.isEmpty { start.town?.tsunami_areas = wish.tsunami_area.filter { $0 != "none" } }
        if !wish.district.isEmpty { start.town?.districts = wish.district.filter { $0 != "none" }.map(TownStart.district) }
        if !wish.shelters.isEmpty { start.shelter_files = wish.shelters.filter { $0 != "later" }.map { FirstStart.ShelterFile(file: $0) } }
        if let name = wish.person { start.person = .init(name: name) }
        if let again = wish.again.flatMap(StartStep.init(rawValue:)) { forget(again) }
    }

    /// The step is asked again. What is in the record stays there.
    private mutating func forget(_ step: StartStep) {
        switch step {
        case .town: if interview.isHeld { start.town?.roman_name = nil }
        case .areas: if interview.isHeld { start.town?.tsunami_areas = nil }
        case .districts: if interview.isHeld { start.town?.districts = nil }
        case .shelters:
            if interview.isHeld { start.shelter_files = nil }
            start.done?.shelters = nil
        case .channels: start.done?.links = nil
        case .people: start.done?.person = nil
        case .drill: start.done?.drill = nil
        }
    }

    static func district(_ written: String) -> Settings.DistrictSettings {
        let parts = written.split(separator: "=", maxSplits: 1).map(String.init)
        return Settings.DistrictSettings(name: parts.first ?? written, roman_name: parts.count == 2 ? parts[1] : nil)
    }

    mutating func run() async throws {
        for (number, step) in StartStep.allCases.enumerated() {
            if interview.isHeld { Terminal.complain("\n\(number + 1)/\(StartStep.allCases.count)  \(step.japanese) (\(step.rawValue))") }
            switch step {
            case .town: try town()
            case .areas: try areas()
            case .districts: try districts()
            case .shelters: try await shelterFiles()
            case .channels: try await channels()
            case .people: try await people()
            case .drill: try await drill()
            }
            if start.town != nil { try start.write(notes) }
        }
        report()
        // A terminal sees what is missing; a script is told.
        guard !interview.isHeld, start.done?.settings == nil else { return }
        let missing = StartStep.allCases.filter { start.state($0).state == .missing }.map { "\($0.japanese)（\($0.rawValue)）" }
        throw Exit.with(
            Exit.usage, "設定はまだ書いていません。足りないもの: \(missing.joined(separator: "、"))。ここまでは \(notes) に残しました (no settings yet; some answers are missing, the others are kept)")
    }

    func report() {
        let steps = StartStep.allCases.map { ($0, start.state($0)) }
        guard wish.keeper.hub.format == .table else {
            return steps.forEach { step, now in
                Terminal.say(JSONLine.text(["step": step.rawValue, "name": step.japanese, "state": now.state.rawValue, "words": now.words]))
            }
        }
        Terminal.say(Terminal.table([["段階 STEP", "", "状態 STATE", ""]] + steps.map { [$0.japanese, $0.rawValue, $1.state.japanese, $1.words] }))
        guard start.done?.settings != nil, let town = start.town else { return }
        Terminal.say("設定 \(wish.out) を書きました。ハブを動かす: noroshi serve --config \(wish.out) (settings written; start the hub so)")
        guard start.done?.drill == nil else { return }
        Terminal.say("はじめての訓練: noroshi town init --out \(wish.out) --drill、または noroshi push --town \(town.code) --kind notice --title 訓練のお知らせ --body これは訓練です。 --exercise (a first drill)")
    }
}

// MARK: - What the settings will say

extension TownStart {
    /// The town that is meant, or why it is none.
    func known(_ written: String) throws -> TownID {
        if let id = TownID(written), codes.town(id) != nil { return id }
        let near = codes.town(written: written).flatMap { codes.town($0) }
            ?? (written.utf8.count == 6 ? codes.town(written: String(written.prefix(5))).flatMap { codes.town($0) } : nil)
        let advice = near.map { "。\($0.id) \($0.prefecture)\($0.name) ではありませんか (did you mean this?)" } ?? " (no local government code of our tables)"
        throw Exit.with(
            Exit.badData, TownID(written) == nil
                ? "「\(written)」は市町村コードではありません。検査数字を含む6桁です\(advice)"
                : "「\(written)」という市町村は、表（\(codes.edition)）にありません\(advice)")
    }

    private mutating func town() throws {
        if start.town == nil, !interview.isHeld {
            throw Exit.with(Exit.usage, "市町村コードがありません。--code か --answers で渡すか、端末で動かしてください (no code: say --code or --answers, or use a terminal)")
        }
        if start.town == nil || start.town?.roman_name == nil, interview.isHeld {
            try askTown()
        }
        guard let code = start.town?.code else { return }
        let id = try known(code)
        if start.town?.roman_name == nil {
            guard let proposal = codes.romanName(id) else {
                throw Exit.with(Exit.usage, "ローマ字の名前を --roman-name で書いてください (the name in Latin letters is missing)")
            }
            start.town?.roman_name = proposal
            Terminal.complain("ローマ字の名前を読みから作りました: \(proposal)。違えば --roman-name で (made from the reading; else say --roman-name)")
        }
        if start.town?.name == nil { start.town?.name = codes.town(id)?.name }
    }

    private mutating func askTown() throws {
        var id: TownID?
        while id == nil {
            let written = try interview.ask("市町村コード（6桁）か名前 (code or name)", start.town?.code)
            let named = codes.towns.filter { $0.name == written }
            if named.count == 1 {
                id = named[0].id
            } else if named.count > 1 {
                for town in named { Terminal.complain("\(town.id)  \(town.prefecture)\(town.name)") }
            } else {
                id = try? known(written)
            }
        }
        guard let id, let town = codes.town(id) else { return }
        guard try interview.agrees("\(town.prefecture)\(town.name)（\(id)）ですか") else { return try askTown() }
        if start.town?.code != id.code { start.town = Settings.TownSettings(code: id.code) }
        start.town?.name = town.name
        while start.town?.roman_name == nil {
            let name = try interview.ask("ローマ字の名前 (in Latin letters)", codes.romanName(id))
            if !name.isEmpty, name.allSatisfy(\.isASCII) { start.town?.roman_name = name } else { Terminal.complain("ローマ字で書いてください (Latin letters)") }
        }
        if start.town?.approval == nil, try interview.agrees("本番の避難情報を、二人で確かめてから出しますか（あとで変えられます） (two people for a real order)", false) {
            start.town?.approval = ApprovalSettings(words: "two")
        }
    }

    private mutating func areas() throws {
        guard let code = start.town?.code, let id = TownID(code), let known = codes.town(id) else { return }
        if interview.isHeld, start.town?.tsunami_areas == nil {
            for (word, scheme) in [("気象", AreaScheme.jmaCity), ("震度", .jmaSeismic), ("緊急地震速報", .jmaEEW)] {
                Terminal.complain("\(word)の区域: \(known.codes(scheme).map { "\($0) \(codes.name(scheme, $0) ?? "")" }.joined(separator: "、"))")
            }
            let candidates = known.tsunamiCandidates
            guard !candidates.isEmpty else {
                Terminal.complain("津波予報区: この県にはありません (none in this prefecture)")
                start.town?.tsunami_areas = []
                return
            }
            Terminal.complain("津波予報区の候補: \(candidates.map { "\($0) \(codes.name(.jmaTsunami, $0) ?? "")" }.joined(separator: "、"))")
            while start.town?.tsunami_areas == nil {
                let said = try interview.list("この町の津波予報区の番号。海のない町は none (its regions; none for an inland town)", candidates.count == 1 ? candidates[0] : nil)
                let own = said.filter { $0 != "none" }
                if let stranger = own.first(where: { !codes.knows(.jmaTsunami, $0) }) {
                    Terminal.complain("「\(stranger)」は津波予報区ではありません (no tsunami forecast region)")
                } else if !said.isEmpty {
                    start.town?.tsunami_areas = own
                }
            }
            return
        }
        // No coast, no question.
        if start.town?.tsunami_areas == nil, known.tsunamiCandidates.isEmpty { start.town?.tsunami_areas = [] }
    }

    private mutating func districts() throws {
        guard interview.isHeld, start.town != nil, start.town?.districts == nil else { return }
        let names = try interview.list("避難情報を出す地区の名前を、、で区切って（なければ Enter） (districts, or nothing)")
        start.town?.districts = try names.map { name in
            let roman = try interview.ask("  \(name) のローマ字（なければ Enter） (in Latin letters)")
            return Settings.DistrictSettings(name: name, roman_name: roman.isEmpty ? nil : roman)
        }
    }
}

// MARK: - The settings file

extension TownStart {
    /// What a hub would say of what was answered; every far end's words are looked at.
    func scene(_ transport: any HTTPTransport = Nowhere()) throws -> CheckScene? {
        guard let town = start.town else { return nil }
        return try CheckScene(start.settings(town), codes: codes, templates: wish.templates, transport: transport)
    }

    /// Writes the settings once everything they need was said, and reads them back as a hub does.
    mutating func writeSettings() throws {
        guard let town = start.town, town.tsunami_areas != nil, town.districts != nil else { return }
        var whole = start
        if whole.data == nil { whole.data = "./data" }
        let text = whole.settingsText(town)
        let digest = Self.digest(Data(text.utf8))
        if let old = FileManager.default.contents(atPath: wish.out) {
            let found = Self.digest(old)
            guard found != digest else { return start.done = with { $0.settings = digest } }
            if found != start.done?.settings {
                guard wish.replace else {
                    throw Exit.with(
                        Exit.changed, "\(wish.out) は、noroshi town init が書いたままのものではありません。別の名前を --out で言うか、--replace で書き直してください"
                            + "（元のものは \(wish.out).before に残します） (this file is not as town init wrote it: say another name with --out, or --replace)")
                }
                try FirstStart.keep(String(decoding: old, as: UTF8.self), wish.out + ".before")
            }
        }
        _ = try scene()
        try FirstStart.keep(text, wish.out + ".new")
        _ = try Settings.read(wish.out + ".new")
        // Whoever reads it now, as the hub's own user, reads it afterwards too.
        var facts = stat()
        if stat(wish.out, &facts) == 0 {
            _ = chown(wish.out + ".new", facts.st_uid, facts.st_gid)
            _ = chmod(wish.out + ".new", facts.st_mode & 0o640)
        }
        guard rename(wish.out + ".new", wish.out) == 0 else { throw CannotWrite(reason: "\(wish.out) を書けません (cannot be written)") }
        start.done = with { $0.settings = digest }
    }

    func with(_ change: (inout FirstStart.Done) -> Void) -> FirstStart.Done {
        var done = start.done ?? .init()
        change(&done)
        return done
    }

    private static func digest(_ data: Data) -> String { SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined() }
}
