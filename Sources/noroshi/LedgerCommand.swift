import ArgumentParser
import LedgerPostgres

/// What the keeper of a database needs of us.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "記録を PostgreSQL に置くとき (a record on PostgreSQL)", subcommands: [SQL.self])

    struct SQL: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sql", abstract: "記録の表と役割を作るSQLを表示する (prints the SQL that makes the tables and the hub's role)",
            discussion: """
                データベースの管理者が、一度（更新したときも、もう一度）: createdb noroshi; noroshi ledger sql | psql noroshi

                設定に ledger: postgresql://noroshi_hub@HOST,HOST/noroshi?passfile=/etc/noroshi/pgpass と書きます。ハブの役割は記録に足すことだけができ、記録の行を変えることも消すことも、
                表を作ることもできません。町の行は、その町を名のった問い合わせにだけ見えます。
                (By the database's keeper, again with each new version; giving it twice changes nothing. The hub's role adds to the record and neither changes nor removes a row
                of it; a town's rows are seen by a question that names the town, and by no other.)
                """)

        @Option(help: "ハブがデータベースで名のる役割。なければ作る (the hub's role; made where it is missing)") var role = "noroshi_hub"

        func run() { Terminal.say(PostgresSchema.sql(role: role)) }
    }
}
