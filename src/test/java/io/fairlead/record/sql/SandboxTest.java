package io.fairlead.record.sql;

import static io.fairlead.record.sql.Questions.rows;
import static io.fairlead.record.sql.Questions.why;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a question may not do: read or write a file, open a connection, change a setting. Each
 * attempt is refused, and afterwards the folder is as it was, nobody has been called, and the next
 * question is answered. {@code SECRET} stands for a file beside the folder of records, {@code
 * RECORDS} for that folder, {@code PORT} for a server that would like to be called.
 */
@Timeout(60)
class SandboxTest {
  private static final AtomicInteger CALLS = new AtomicInteger();

  @TempDir private static Path folder;
  private static Path records;
  private static RecordQueries queries;
  private static HttpServer server;
  private static List<String> before;

  @BeforeAll
  static void open() throws Exception {
    records = folder.resolve("records");
    ParquetFiles.write(records, "requests", "1", ParquetFiles.requests(10, "2026-11-26 10:00:00"));
    Files.writeString(folder.resolve("secret.csv"), "a\nhidden\n");
    Files.writeString(records.resolve("notes.csv"), "a\nhidden\n");
    Files.createSymbolicLink(records.resolve("link.csv"), folder.resolve("secret.csv"));
    before = files();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          CALLS.incrementAndGet();
          exchange.close();
        });
    server.start();
    queries = Questions.open(records, SqlLimits.standard());
  }

  @AfterAll
  static void close() {
    queries.close();
    server.stop(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // reading files
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'SECRET'",
        "FROM 'RECORDS/notes.csv'",
        "FROM \"SECRET\"",
        "SELECT * FROM 'RECORDS/link.csv'",
        "SELECT (SELECT count(*) FROM 'RECORDS/notes.csv' AS x)",
        "SELECT * FROM requests JOIN 'RECORDS/requests/2026-11-26/1.parquet' AS r USING (id)",
        "SELECT * FROM read_csv('/etc/passwd', header = false)",
        "SELECT * FROM read_csv_auto('SECRET')",
        "SELECT * FROM read_csv('RECORDS/../secret.csv')",
        "SELECT * FROM read_csv('RECORDS/link.csv')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM read_json('SECRET')",
        "SELECT * FROM read_parquet('SECRET')",
        "SELECT * FROM system.main.read_text('/etc/passwd')",
        "SELECT * FROM \"READ_TEXT\"('/etc/passwd')",
        "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
        "SELECT 1 WHERE EXISTS (FROM read_text('/etc/passwd'))",
        "WITH x AS (FROM read_text('/etc/passwd')) FROM x",
        "SELECT * FROM requests, LATERAL (FROM read_text('/etc/passwd'))",
        "SELECT 1 UNION ALL SELECT count(*) FROM read_text('/etc/passwd')",
        "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')",
        "DESCRIBE SELECT * FROM read_csv('SECRET')",
        "SUMMARIZE FROM read_csv('SECRET')",
        "SELECT * FROM sniff_csv('SECRET')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM parquet_metadata('RECORDS/requests/2026-11-26/1.parquet')",
        "SELECT * FROM query('FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM query_table('SECRET')",
        "SELECT getenv('PATH')",
        // writing files
        "COPY (SELECT 1) TO 'RECORDS/out.csv'",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "COPY requests TO 'RECORDS/requests/2026-11-26/2.parquet' (FORMAT parquet)",
        "EXPORT DATABASE 'RECORDS/out'",
        "ATTACH 'RECORDS/out.db'",
        "ATTACH ':memory:' AS more",
        "SELECT * FROM enable_logging(storage = 'file', storage_path = 'RECORDS/log')",
        "CALL enable_logging(storage = 'file', storage_path = 'RECORDS/log')",
        "SELECT * FROM truncate_duckdb_logs()",
        "PRAGMA enable_profiling = 'json'",
        "PRAGMA profiling_output = 'RECORDS/profile.json'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'RECORDS/out.csv'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW requests AS SELECT 1",
        "CREATE MACRO f(x) AS x",
        "INSERT INTO requests SELECT * FROM requests",
        "UPDATE requests SET status = 200",
        "DELETE FROM requests",
        "DROP VIEW requests",
        "CHECKPOINT",
        "SELECT * FROM checkpoint()",
        "VACUUM",
        // connections and code
        "SELECT * FROM read_csv('http://127.0.0.1:PORT/a.csv')",
        "SELECT * FROM 'http://127.0.0.1:PORT/a.parquet'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "FORCE INSTALL httpfs FROM 'http://127.0.0.1:PORT'",
        "LOAD 'RECORDS/x.duckdb_extension'",
        "CREATE SECRET s (TYPE http, BEARER_TOKEN 'x')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM arrow_scan(0, 0, 0)",
        // settings, and more than one statement
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "RESET memory_limit",
        "PRAGMA threads = 64",
        "SET VARIABLE x = 1",
        "USE system",
        "CALL pragma_version()",
        "BEGIN TRANSACTION",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "SELECT 1; COPY (SELECT 1) TO 'RECORDS/out.csv'",
        "SELECT 1; SELECT 2",
        "/* SELECT */ SET threads = 64",
        "EXPLAIN SET threads = 64",
        "EXPLAIN EXPLAIN SELECT 1",
        ";",
        "-- nothing",
      })
  void isRefused(String attempt) throws IOException {
    String sql =
        attempt
            .replace("SECRET", folder.resolve("secret.csv").toString())
            .replace("RECORDS", records.toString())
            .replace("PORT", Integer.toString(server.getAddress().getPort()));
    long process = pid();
    String why = why(queries.ask(sql, 100));
    assertThat(why).startsWith("wrong: ").doesNotContain("hidden", "root:");
    assertThat(files()).isEqualTo(before);
    assertThat(Files.exists(Path.of("/tmp/out.csv"))).isFalse();
    assertThat(CALLS).hasValue(0);
    assertThat(rows(queries, "SELECT count(*) FROM requests")).isEqualTo("[[10]]");
    assertThat(queries.pid()).as("the process goes on").isEqualTo(process);
  }

  /** Had it been possible to change, this would show it. */
  @Test
  void theSettingsAreWhatTheyShouldBe() throws Exception {
    long process = pid();
    List<String> command =
        List.of(ProcessHandle.of(process).orElseThrow().info().arguments().orElseThrow());
    assertThat(command).contains("512", QueryMain.class.getName());
    assertThat(
            rows(
                queries,
                "SELECT current_setting('memory_limit'), current_setting('lock_configuration'),"
                    + " current_setting('enable_external_access'),"
                    + " current_setting('temp_directory')"))
        .isEqualTo("[[\"512.0 MiB\",true,false,\"\"]]");
    assertThat(Files.readString(Path.of("/proc/" + process + "/environ")))
        .hasSize("LANG=C.UTF-8\0MALLOC_ARENA_MAX=2\0".length())
        .contains("LANG=C.UTF-8\0", "MALLOC_ARENA_MAX=2\0");
    assertThat(Files.readString(Path.of("/proc/" + process + "/oom_score_adj")).strip())
        .isEqualTo("1000");
  }

  private static long pid() {
    assertThat(rows(queries, "SELECT 1")).isEqualTo("[[1]]");
    return queries.pid();
  }

  private static List<String> files() {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.map(Path::toString).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
