import AlertModel
import ChannelKit
import Codes
import Foundation
import Targeting
import Yams

/// What a person wrote into the settings file, read once.
struct Settings: Codable, Sendable {
    struct OperatorSettings: Codable, Sendable {
        var name: String
        /// SHA-256 of the token, hex: the file holds no secret that opens anything.
        var token_sha256: String
        var towns: [String]?
        /// `feed drill send approve devices read watch admin`. Absent: all; for who is bound to towns all but `feed`
        /// and `admin`.
        var scopes: [String]?
    }

    struct TownSettings: Codable, Sendable {
        var code: String
        var name: String?
        /// For texts in Latin letters; a hub does not start without it.
        var roman_name: String?
        /// 津波予報区 of the town: in no public table, so a person says them.
        var tsunami_areas: [String]?
        /// Further codes by scheme: `jma-river`, `jma-volcano` …
        var areas: [String: [String]]?
        var districts: [DistrictSettings]?
        /// Rings of `[latitude, longitude]`.
        var outline: [[[Double]]]?
        var shelters: [ShelterSettings]?
        var endpoints: [EndpointSettings]?
        var routing: RoutingRules.Override?
        /// `none`, `two`, or `wait: 60s`.
        var approval: ApprovalSettings?
        /// From where this town's desk may be used: addresses and networks (`10.1.0.0/16`). Absent: from everywhere.
        var desk_networks: [String]?
        var assumptions: [AssumptionSettings]?
        var plans: [PlanSettings]?
        /// Years for which what was said stays in the record; 5 unless said. Then it is in the archive.
        var keep_years: Int?
        /// `publish`: what a shelter reports of how full it is goes to everybody at once. `off` unless said.
        var crowding: String?
    }

    /// `階上地区`, or `{name: 階上地区, roman_name: Hashikami}` for texts in English.
    struct DistrictSettings: Codable, Sendable {
        var name: String
        var roman_name: String?

        private enum CodingKeys: String, CodingKey { case name, roman_name }

        init(name: String, roman_name: String?) { (self.name, self.roman_name) = (name, roman_name) }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self.name = name
                return
            }
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            roman_name = try container.decodeIfPresent(String.self, forKey: .roman_name)
        }
    }

    struct ShelterSettings: Codable, Sendable {
        var id: String
        var name: String
        var roman_name: String?
        var address: String?
        var latitude: Double?
        var longitude: Double?
        var capacity: Int?
        var district: String?
        var kana: String?
        var phone: String?
        var note: String?
        /// Hazards by name: 津波, 洪水 … What stands in none of the three is unknown, and unknown is not fit.
        var fit: [String]?
        var conditional: [String]?
        var unfit: [String]?
    }

    struct EndpointSettings: Codable, Sendable {
        var channel: String
        var id: String
        var name: String
        var roman_name: String?
        var district: String?
        var shelter: String?
        /// Of a spot that stands in none of the shelters: degrees, both or neither.
        var latitude: Double?
        var longitude: Double?
        /// What the house has written down to do there; tablets hold it. Lines apart.
        var procedure: String?
        /// When its tablets are silent for an examination, by Japan's clock: `2026-12-05 09:00`.
        var exams: [ExamSettings]?
        /// `{}` where the channel needs nothing; absent: takes no real alerts (or no drills).
        var actual: [String: String]?
        var exercise: [String: String]?
    }

    struct ExamSettings: Codable, Sendable {
        var from, until: String
    }

    struct ChannelSettings: Codable, Sendable {
        var actual: [String: String]?
        var exercise: [String: String]?
    }

    /// How the hub signs what it says to other systems.
    struct CAPSettings: Codable, Sendable {
        /// A name on the internet that is the hub's: `noroshi.city.example.jp`.
        var sender: String?
        /// P-256 private key, PEM; without one the hub makes its own in the data folder.
        var key_file: String?
        var certificate_file: String?
    }

    /// Whose papers are taken (`noroshi bundle import`).
    struct BundleSettings: Codable, Sendable {
        struct Signer: Codable, Sendable {
            var town: String
            /// `ed25519:BASE64`, as `noroshi bundle list` of the other hub says it.
            var key: String
        }
        var trust: [Signer]?
    }

    /// Where the town's people are signed in already (OpenID Connect).
    struct OpenIDSettings: Codable, Sendable {
        var issuer: String
        var client_id: String
        /// The secret and nothing else; 0600.
        var client_secret_file: String
        /// Which of the provider's words is the account's name; `email` unless said.
        var claim: String?
        /// What the desk's button says.
        var name: String?
    }

    /// One of several hubs over one record.
    struct SharedHubSettings: Codable, Sendable {
        /// a-z, 0-9 and -; each hub's own.
        var name: String
        /// Where whoever asks a hub that stands by is sent: `http://10.1.0.11:8480`. The address it listens on, unless said.
        var address: String?
    }

    var cap: CAPSettings?
    /// Absent: the hub has its record for itself.
    var hub: SharedHubSettings?
    var listen: String?
    var public_address: String?
    var data: String?
    /// `sqlite`, a file in the data folder, or `postgresql://…` as libpq reads it.
    var ledger: String?
    var templates: String?
    /// Tags of the languages this hub speaks, Japanese among them. Absent: those whose words say `always`.
    var languages: [String]?
    var operators: [OperatorSettings]?
    var staff: StaffSettings?
    /// SHA-256 of a token, hex: `/metrics` and the reasons of `/readyz` need it then. Absent: open to all who reach them.
    var metrics_token_sha256: String?
    /// `sha256/BASE64` or PEM: whose CAP signatures count.
    var trusted_cap_signers: [String]?
    /// Files laid over the bundled code tables, with their dates.
    var vocabularies: [String]?
    var channels: [String: ChannelSettings]?
    var sources: SourceSettings?
    var openid: OpenIDSettings?
    var bundles: BundleSettings?
    var copies: CopySettings?
    var towns: [TownSettings]

    static func read(_ path: String) throws(SettingsError) -> Settings {
        let text: String
        do {
            text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw SettingsError("\(path): 読めません: \(error.localizedDescription) (cannot be read)")
        }
        do {
            return try strict(text, path: path, channels: Channels.all.map(\.manifest))
        } catch let error as SettingsError {
            throw error
        } catch let error as DecodingError {
            throw SettingsError("\(path): \(Self.words(error))")
        } catch {
            throw SettingsError("\(path): \(error)")
        }
    }

    static func words(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            (context.codingPath + (key.map { [$0] } ?? []))
                .map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context, key)): missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "\(place(context)): \(context.debugDescription)\(context.underlyingError.map { " (\($0))" } ?? "")"
        @unknown default: return "\(error)"
        }
    }
}

/// Settings made into the hub's own words, every problem named at once.
extension Settings {
    func makeTowns(codes: CodeTables, channels: [ChannelManifest]) throws(SettingsError) -> [Town] {
        var problems: [String] = []
        var made: [Town] = []
        for settings in towns {
            do throws(SettingsError) {
                made.append(try town(settings, codes, Set(channels.map(\.name))))
            } catch {
                problems.append(error.reason)
            }
        }
        let page = channels.first(.page)?.name
        let spots = made.flatMap { $0.endpoints.filter { $0.channel == page }.map(\.id) }
        for (spot, count) in Dictionary(grouping: spots, by: { $0 }).mapValues(\.count) where count > 1 {
            problems.append("\(page ?? ""): スポットの番号\(spot)が\(count)回あります。/spots/\(spot)/ は一つのページだけです (the spot id is used more than once)")
        }
        let twice = Dictionary(grouping: made, by: \.id).filter { $1.count > 1 }.keys
        problems += twice.map { "町\($0)が二度あります (the town is there twice)" }
        guard problems.isEmpty else { throw SettingsError(problems.joined(separator: "\n")) }
        return made
    }

    private func town(_ settings: TownSettings, _ codes: CodeTables, _ channels: Set<String>) throws(SettingsError) -> Town {
        guard let id = TownID(settings.code) else {
            throw SettingsError("towns: 「\(settings.code)」は地方公共団体コードではありません。検査数字を含む6桁です "
                + "(no local government code: six digits, the last one checks the others)")
        }
        let known = codes.town(id)
        guard let name = settings.name ?? known?.name else {
            throw SettingsError("town \(id): 市町村の表にありません。name と areas を書いてください (in no table of ours)")
        }
        guard let romanName = settings.roman_name, !romanName.isEmpty else {
            throw SettingsError("town \(id): roman_name: 町の名前のローマ字を書いてください\(codes.romanName(id).map { "（例: \($0)）" } ?? "") (missing)")
        }
        var areas: [AreaScheme: Set<String>] = [.localGovernment: [id.code]]
        for scheme in AreaScheme.allCases {
            for code in known?.codes(scheme) ?? [] { areas[scheme, default: []].insert(code) }
        }
        for code in settings.tsunami_areas ?? [] {
            guard codes.knows(.jmaTsunami, code) else { throw SettingsError("town \(id): tsunami_areas: 「\(code)」は津波予報区ではありません (no tsunami forecast region)") }
            areas[.jmaTsunami, default: []].insert(code)
        }
        for (word, list) in settings.areas ?? [:] {
            guard let scheme = AreaScheme(rawValue: word) else { throw SettingsError("town \(id): areas: 区域の種類「\(word)」はありません (no such scheme)") }
            areas[scheme, default: []].formUnion(list)
        }
        var shelters: [Shelter] = []
        for shelter in settings.shelters ?? [] { shelters.append(try shelter.made(in: id)) }
        return Town(
            id: id, name: name, romanName: romanName, areas: areas, districts: (settings.districts ?? []).map(\.name),
            shelters: shelters, endpoints: try endpoints(settings, id, channels),
            outline: try outline(settings.outline ?? [], id),
            districtRomanNames: Dictionary(
                (settings.districts ?? []).compactMap { district in district.roman_name.map { (district.name, $0) } },
                uniquingKeysWith: { $1 }))
    }

    /// Rings of [latitude, longitude]. One the wrong way round would keep every warning that names a shape from the town, without a word.
    private func outline(_ rings: [[[Double]]], _ town: TownID) throws(SettingsError) -> [[Coordinate]] {
        var outline: [[Coordinate]] = []
        for ring in rings {
            guard ring.count >= 3 else { throw SettingsError("town \(town): outline: 輪に点が\(ring.count)個しかありません。3個以上要ります (a ring of fewer than three points)") }
            var points: [Coordinate] = []
            for point in ring {
                guard point.count == 2, let latitude = point.first, let longitude = point.last else {
                    throw SettingsError("town \(town): outline: 点 \(point) は [緯度, 経度] ではありません (no point)")
                }
                // Japan with all its islands: 20.4–45.6 north, 122.9–154.0 east.
                guard (20.0...46.0).contains(latitude), (122.0...155.0).contains(longitude) else {
                    let isTurned = (20.0...46.0).contains(longitude) && (122.0...155.0).contains(latitude)
                    throw SettingsError("town \(town): outline: 点 \(point) は日本の外です。" + (isTurned ? "緯度と経度が逆です。" : "") + "[緯度, 経度] の順に書いてください (outside Japan; latitude comes first)")
                }
                points.append(Coordinate(latitude: latitude, longitude: longitude))
            }
            outline.append(points)
        }
        return outline
    }

    private func endpoints(
        _ settings: TownSettings, _ town: TownID, _ channels: Set<String>
    ) throws(SettingsError) -> [Endpoint] {
        var seen: Set<String> = []
        var made: [Endpoint] = []
        for endpoint in settings.endpoints ?? [] {
            guard channels.contains(endpoint.channel) else {
                throw SettingsError("town \(town): \(endpoint.id): 経路「\(endpoint.channel)」はありません。あるのは \(channels.sorted().joined(separator: ", ")) です "
                    + "(no such channel)")
            }
            let plain = endpoint.id.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
            guard plain, !endpoint.id.isEmpty, endpoint.id.utf8.count <= 64 else {
                throw SettingsError("town \(town): 送り先の番号「\(endpoint.id)」は、英数字と - _ で64文字までです (letters, digits, - and _, at most 64)")
            }
            guard seen.insert("\(endpoint.channel)/\(endpoint.id)").inserted else {
                throw SettingsError("town \(town): 送り先 \(endpoint.channel)/\(endpoint.id) が二度あります (is there twice)")
            }
            if let shelter = endpoint.shelter, !(settings.shelters ?? []).contains(where: { $0.id == shelter }) {
                throw SettingsError("town \(town): \(endpoint.id): 避難所「\(shelter)」はありません (no such shelter)")
            }
            made.append(Endpoint(
                id: endpoint.id, channel: endpoint.channel, name: endpoint.name, romanName: endpoint.roman_name, district: endpoint.district,
                shelter: endpoint.shelter, place: try Self.place(of: endpoint, in: town), procedure: try Self.procedure(of: endpoint, in: town),
                exams: try Self.exams(of: endpoint, in: town), actual: endpoint.actual, exercise: endpoint.exercise))
        }
        return made
    }

    /// A slip of the finger would draw a map of another country.
    private static func place(of endpoint: EndpointSettings, in town: TownID) throws(SettingsError) -> Coordinate? {
        switch (endpoint.latitude, endpoint.longitude) {
        case (nil, nil): return nil
        case (let latitude?, let longitude?) where (-90...90).contains(latitude) && (-180...180).contains(longitude):
            return Coordinate(latitude: latitude, longitude: longitude)
        default:
            throw SettingsError("town \(town): \(endpoint.id): latitude（北緯）と longitude（東経）は、度で、二つとも書いてください (both, in degrees)")
        }
    }

    private static func exams(of endpoint: EndpointSettings, in town: TownID) throws(SettingsError) -> [Examination] {
        let all = endpoint.exams ?? []
        guard all.count <= Examination.most else {
            throw SettingsError("town \(town): \(endpoint.id): exams（試験）は\(Examination.most)件までです。終わったものを消してください (at most \(Examination.most): take out what is over)")
        }
        var made: [Examination] = []
        for exam in all {
            func moment(_ text: String) -> Date? { JapanTime.moment(text.replacing(" ", with: "T") + ":00+09:00") }
            guard let from = moment(exam.from), let until = moment(exam.until) else {
                throw SettingsError("town \(town): \(endpoint.id): exams（試験）の時刻は「2026-12-05 09:00」の形で書いてください (from and until as 2026-12-05 09:00): \(exam.from.prefix(30)), \(exam.until.prefix(30))")
            }
            guard until > from, until.timeIntervalSince(from) <= Examination.longest else {
                throw SettingsError("town \(town): \(endpoint.id): exams（試験）は、はじめが先で、6時間以内です (from before until, at most six hours): \(exam.from) – \(exam.until)")
            }
            made.append(Examination(from: from, until: until))
        }
        made.sort { $0.from < $1.from }
        // One behind the other they would be a silence of days.
        for (first, next) in zip(made, made.dropFirst()) where next.from < first.until {
            throw SettingsError("town \(town): \(endpoint.id): exams（試験）が重なっています。一つにまとめてください (two overlap): \(JapanTime.text(next.from, milliseconds: false))")
        }
        for (day, exams) in Dictionary(grouping: made, by: { JapanTime.text($0.from, milliseconds: false).prefix(10) })
        where exams.reduce(0, { $0 + $1.until.timeIntervalSince($1.from) }) > Examination.longest {
            throw SettingsError("town \(town): \(endpoint.id): exams（試験）は、一日に合わせて6時間以内です (at most six hours of one day): \(day)")
        }
        return made
    }

    /// Plain text, as it is shown: no marks, no hidden letters.
    private static func procedure(of endpoint: EndpointSettings, in town: TownID) throws(SettingsError) -> String? {
        guard let text = endpoint.procedure?.replacing("\r\n", with: "\n").trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else { return nil }
        guard text.count <= Endpoint.procedureLimit else {
            throw SettingsError("town \(town): \(endpoint.id): procedure（この場所の手順）は\(Endpoint.procedureLimit)文字までで、いま\(text.count)文字です (at most \(Endpoint.procedureLimit) letters)")
        }
        guard text.split(separator: "\n").allSatisfy({ PlainText.isPlain(String($0)) }) else {
            throw SettingsError("town \(town): \(endpoint.id): procedure（この場所の手順）に、使えない文字（制御文字、書字の向きを変える文字）が入っています (control characters)")
        }
        return text
    }

    var routing: RoutingTable {
        var overrides: [TownID: RoutingRules.Override] = [:]
        for town in towns {
            if let id = TownID(town.code), let routing = town.routing { overrides[id] = routing }
        }
        return RoutingTable(overrides: overrides)
    }
}
