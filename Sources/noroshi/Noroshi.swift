import ArgumentParser

@main
struct Noroshi: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi",
        abstract: "狼煙（のろし）: 町に迫る災害を、あるかぎりの経路で伝え、だれに届いたかを残す (tells a town what is coming, over every channel it has, and who heard it)",
        discussion: """
            はじめは `noroshi demo` から。終了コード (exit codes): 0 できた (done), 64 使い方の誤り (usage), 65 データの誤り (bad data), \
            69 ハブに届かない (hub unreachable), 73 書けない (cannot write), 75 状況が変わっていて断られた (the state has changed), \
            77 許されていない (not allowed), 78 設定の誤り (bad settings)。
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Check.self, Read.self, Ingest.self, PushCommand.self, Cancel.self, AlertsCommand.self, StandingCommand.self, DeviceCommand.self, SheltersCommand.self, Log.self, ReportCommand.self,
            HeldCommand.self, EndpointCommand.self, ReplayCommand.self, Demo.self, GatewayCommand.self,
            EdgeCommand.self, UserCommand.self, TokenCommand.self, RolesCommand.self, ApprovalsCommand.self, PlansCommand.self, DrillCommand.self, NoticeCommand.self, ChronicleCommand.self, PactCommand.self, MusterCommand.self, TownCommand.self,
            BackupCommand.self, RestoreCommand.self, BundleCommand.self, LedgerCommand.self,
        ])
}
