import ChannelKit
import Foundation
import Yams

/// The demonstration town, modelled on 気仙沼市: its codes are real, its far ends are on this machine.
///
/// Written as a settings file, so that a newcomer sees one.
enum DemonstrationTown {
    /// Our own node of L-Alert, which only the demonstration has.
    struct Commons {
        let port: Int
        let password: String
    }

    static func settings(gateway port: Int = 12345, commons: Commons? = nil) throws(SettingsError) -> Settings {
        do {
            let text = yaml.replacing("{GATEWAY}", with: "http://127.0.0.1:\(port)")
            return try YAMLDecoder().decode(Settings.self, from: text + (commons.map(node) ?? ""))
        } catch {
            throw SettingsError("実演の町: \(error) (the demonstration town)")
        }
    }

    /// The town as it is gone through at a start, for real, in a room that nothing leaves: with a crowd of receivers of each kind.
    static func rehearsal() throws(SettingsError) -> Settings {
        let receivers = (1...32).map {
            """

                  - {channel: webhook, id: receiver-\($0), name: 受け手, actual: {url: "https://receiver.invalid/", secret: whsec_bm8gc2VjcmV0IGF0IGFsbCwgYW5kIG5vIHJlY2VpdmVy}}
            """
        }
        do {
            return try YAMLDecoder().decode(Settings.self, from: yaml.replacing("{GATEWAY}", with: "https://gateway.invalid") + receivers.joined())
        } catch {
            throw SettingsError("起動のけいこの町: \(error) (the town of the rehearsal)")
        }
    }

    /// Another endpoint under the last key of `yaml`. A drill, and its mails ring nobody: the node is on this machine.
    private static func node(_ commons: Commons) -> String {
        """

              - channel: l-alert
                id: commons
                name: Lアラートの節点
                exercise:
                  url: "http://127.0.0.1:\(commons.port)/commons/publisher/soap"
                  user: town
                  password: "\(commons.password)"
                  sender_id: kesennuma.example.lg.jp
                  office: 危機管理課
                  urgent_mail: UMC1=500 UMC2 UMC3
                  urgent_mail_drills: send
        """
    }

    static let yaml = """
        towns:
          - code: "042056"            # 気仙沼市: areas in JMA's tables are looked up by this code
            roman_name: Kesennuma City
            tsunami_areas: ["220"]    # 津波予報区 宮城県: in no public table, so a person says it
            districts:
              - {name: 気仙沼地区, roman_name: Kesennuma District}
              - {name: 鹿折地区, roman_name: Shishiori District}
              - {name: 松岩地区, roman_name: Matsuiwa District}
              - {name: 階上地区, roman_name: Hashikami District}
              - {name: 大島地区, roman_name: Oshima District}
              - {name: 面瀬地区, roman_name: Omose District}
              - {name: 唐桑地区, roman_name: Karakuwa District}
              - {name: 本吉地区, roman_name: Motoyoshi District}
              - {name: 大谷地区, roman_name: Oya District}
            assumptions:
              - {id: town-hall, name: 役場が使える}
              - {id: half-staff, name: 職員の半分が来られる}
            plans:
              - {id: tsunami-1, name: 大津波 計画1（全職員）, assumes: [town-hall, half-staff], otherwise: tsunami-2, order: {hazard: 津波, level: 4, districts: [気仙沼地区, 鹿折地区, 松岩地区, 階上地区, 大島地区, 唐桑地区, 本吉地区, 大谷地区]}}
              - {id: tsunami-2, name: 大津波 計画2（少ない人数。隣の町の役場から）, assumes: [], order: {hazard: 津波, level: 4, districts: [市内全域]}}
            shelters:
              - {id: shimin-kaikan, name: 市民会館, roman_name: Civic Hall, address: 笹が陣4-2, latitude: 38.9045, longitude: 141.5667, capacity: 400, district: 気仙沼地区, fit: [洪水, 土砂災害, 地震, 津波, 内水氾濫]}
              - {id: kesennuma-chu, name: 気仙沼中学校, roman_name: Kesennuma Junior High School, address: 笹が陣2-1, latitude: 38.9058, longitude: 141.5649, capacity: 350, district: 気仙沼地区, fit: [洪水, 土砂災害, 地震, 津波, 大規模な火事, 内水氾濫]}
              - {id: shishiori-sho, name: 鹿折小学校, roman_name: Shishiori Elementary School, address: 東八幡前169, latitude: 38.9203, longitude: 141.5826, capacity: 250, district: 鹿折地区, fit: [土砂災害, 地震], unfit: [津波, 洪水, 高潮]}
              - {id: hashikami-chu, name: 階上中学校, roman_name: Hashikami Junior High School, address: 長磯原ノ沢25-2, latitude: 38.8423, longitude: 141.5706, capacity: 300, district: 階上地区, fit: [洪水, 土砂災害, 地震, 津波, 大規模な火事, 内水氾濫]}
              - {id: oya-sho, name: 大谷小学校, roman_name: Oya Elementary School, address: 本吉町三島94-12, latitude: 38.8056, longitude: 141.5664, capacity: 200, district: 大谷地区, fit: [洪水, 土砂災害, 地震], conditional: [津波]}
            endpoints:
              - channel: area-mail
                id: cell-broadcast
                name: 町の同報局
                actual: {url: "{GATEWAY}", eew: send}
                exercise: {url: "{GATEWAY}", eew: send}
              - {channel: wifi-portal, id: kesennuma-eki, name: 気仙沼駅前, roman_name: Kesennuma Station, district: 気仙沼地区, latitude: 38.9096, longitude: 141.5593, actual: {}, exercise: {}}
              - {channel: wifi-portal, id: uo-ichiba, name: 魚市場前, roman_name: Fish Market, district: 気仙沼地区, actual: {}, exercise: {}}
              - {channel: wifi-portal, id: shimin-kaikan, name: 市民会館, district: 気仙沼地区, shelter: shimin-kaikan, actual: {}, exercise: {}}
              - {channel: wifi-portal, id: oshima-ko, name: 大島浦の浜港, roman_name: Oshima Uranohama Port, district: 大島地区, actual: {}, exercise: {}}
              - {channel: wifi-portal, id: michi-no-eki-oya, name: 道の駅大谷海岸, roman_name: Roadside Station Oya Kaigan, district: 大谷地区, actual: {}, exercise: {}}
              - {channel: school-tablet, id: kesennuma-chu, name: 気仙沼中学校, district: 気仙沼地区, shelter: kesennuma-chu, actual: {}, exercise: {}}
              - {channel: school-tablet, id: shishiori-sho, name: 鹿折小学校, district: 鹿折地区, shelter: shishiori-sho, actual: {}, exercise: {}}
              - {channel: school-tablet, id: hashikami-chu, name: 階上中学校, district: 階上地区, shelter: hashikami-chu, actual: {}, exercise: {}}
              - {channel: school-tablet, id: oya-sho, name: 大谷小学校, district: 大谷地区, shelter: oya-sho, actual: {}, exercise: {}}
        """
}
