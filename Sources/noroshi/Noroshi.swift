import ArgumentParser

@main
struct Noroshi: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi",
        abstract: "狼煙: tells a town what is coming, over every channel it has, and who heard it.",
        discussion: """
            はじめは `noroshi demo` から。Exit codes: 0 done, 64 usage, 65 bad data, 69 hub unreachable, 73 cannot write, \
            75 refused because the state has changed, 77 not allowed, 78 bad settings.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Check.self, Read.self, Ingest.self, Push.self, Cancel.self, AlertsCommand.self, StandingCommand.self, DeviceCommand.self, SheltersCommand.self, Log.self,
            HeldCommand.self, EndpointCommand.self, ReplayCommand.self, Demo.self, GatewayCommand.self,
            EdgeCommand.self,
        ])
}
