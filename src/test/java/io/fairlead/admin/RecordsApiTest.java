package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.record.sql.QueryOutcome.Column;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Questions at the door: what is asked of the records, and how their outcomes are answered. */
class RecordsApiTest {
  private static final QueryOutcome ONE =
      new QueryOutcome.Answered(
          List.of(new Column("n", "BIGINT"), new Column("a", "VARCHAR")),
          1,
          "[[7,\"x\"]]".getBytes(StandardCharsets.UTF_8),
          true,
          3_000_000);

  private final FakeInstance instance = FakeInstance.shop(() -> 1_795_000_000_000L);
  private final List<String> asked = new ArrayList<>();
  private final HttpClient client = HttpClient.newHttpClient();
  private static final QueryOutcome.Answered NONE =
      new QueryOutcome.Answered(List.of(), 0, "[]".getBytes(StandardCharsets.UTF_8), false, 0);

  private QueryOutcome outcome = ONE;
  private AdminServer server;

  @BeforeEach
  void open() throws IOException {
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
    instance.setRecords((sql, rows) -> {
      asked.add(rows + ": " + sql);
      return outcome;
    });
  }

  @AfterEach
  void shut() {
    client.close();
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "application/sql  | SELECT 1                 | 200 | SELECT 1",
        "application/json | {\"sql\": \"SELECT 1\"}  | 200 | SELECT 1",
        "application/json | {\"sql\": 1}             | 400 | sql: must be a text",
        "application/json | {\"query\": \"SELECT\"}  | 400 | query: unknown; there is sql.",
        "application/json | {\"sql\":                | 400 | The body is not JSON",
        "text/plain       | SELECT 1                 | 415 | a form of any web page could send",
      })
  void sqlComesAsItIsOrAsJson(String type, String body, int status, String part) {
    HttpResponse<String> answer = send("POST", "/api/v1/query", type, body, "");
    assertThat(answer.statusCode()).isEqualTo(status);
    if (status == 200) {
      assertThat(asked).containsExactly("10000: " + part);
      assertThat(answer.body())
          .isEqualTo(
              "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"},{\"name\":\"a\",\"type\":\"VARCHAR\"}],"
                  + "\"rows\":[[7,\"x\"]],\"truncated\":true,\"tookMillis\":3}");
    } else {
      assertThat(answer.body()).contains(part);
      assertThat(asked).isEmpty();
    }
  }

  @Test
  void whoAskedWhatIsAnAuditEvent() {
    send("POST", "/api/v1/query?limit=5", "application/sql", "SELECT *\n  FROM requests", "");
    send("POST", "/api/v1/query", "application/sql", "SELECT " + "1,".repeat(200) + "1", "");
    assertThat(asked.getFirst()).isEqualTo("5: SELECT *\n  FROM requests");
    List<String> audits =
        instance.events().since(0).stream()
            .flatMap(entry ->
                entry.event() instanceof Event.Audit audit
                    ? Stream.of(audit.text())
                    : Stream.empty())
            .toList();
    assertThat(audits.getFirst()).isEqualTo("127.0.0.1: asked the records: SELECT * FROM requests");
    assertThat(audits.getLast()).hasSizeLessThan(300).endsWith("…");
  }

  /** Files of years need not be read for the last hundred of many. */
  @Test
  void theYoungestAreLookedForFirst() {
    outcome = NONE;
    send("GET", "/api/v1/records?since=5m", "", "", "");
    assertThat(asked).as("a minute, then all").hasSize(2);
    asked.clear();
    send("GET", "/api/v1/records?since=7d", "", "", "");
    assertThat(asked).as("a minute, an hour, then all").hasSize(3).doesNotHaveDuplicates();
    asked.clear();
    outcome =
        new QueryOutcome.Answered(List.of(), 0, "[]".getBytes(StandardCharsets.UTF_8), true, 0);
    send("GET", "/api/v1/records?since=7d", "", "", "");
    assertThat(asked).as("there are enough in the last minute").hasSize(1);
    asked.clear();
    outcome = new QueryOutcome.TooMuch("It took too long.");
    assertThat(send("GET", "/api/v1/records?since=7d", "", "", "").statusCode()).isEqualTo(422);
    assertThat(asked).hasSize(1);
    asked.clear();
    outcome = NONE;
    send("GET", "/api/v1/records?since=1m", "", "", "");
    assertThat(asked).hasSize(1);
  }

  @Test
  void outcomesBecomeProblems() {
    outcome = new QueryOutcome.Wrong("Syntax error at or near \"x\".", 8);
    assertThat(ask("SELECT x").body())
        .contains("\"status\":400", "Syntax error at or near \\\"x\\\".", "\"position\":8");
    outcome = new QueryOutcome.TooMuch("It took too long.");
    assertThat(ask("SELECT x").statusCode()).isEqualTo(422);
    outcome = new QueryOutcome.Unavailable("Others wait.");
    HttpResponse<String> later = ask("SELECT x");
    assertThat(later.statusCode()).isEqualTo(503);
    assertThat(later.headers().firstValue("retry-after")).hasValue("5");
    assertThat(later.body()).contains("Others wait.").doesNotContain("position");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "records                        | 100: SELECT * FROM requests WHERE time >= TIMESTAMP '",
        "records?limit=7                | ORDER BY time DESC LIMIT 8",
        "records?where=status>=500      | AND \"status\" >= 500 ORDER BY",
        "records?since=2026-11-26T10:00:00Z | time >= TIMESTAMP '2026-11-26 10:00:00.000000' ORDER",
        "records?table=dns&where=code=x | SELECT * FROM dns WHERE",
        "records?since=7d               | SELECT * FROM requests WHERE time >= TIMESTAMP '",
        "records/facets?field=node&field=status&limit=3 | GROUPING SETS ((\"node\"), (\"status\"))",
        "records?where=stauts=1         | !did you mean status? (at 1).\",\"position\":1",
        "records?where=node=b%20and     | !Expected a field, such as status, at its end.\",\"position\":11",
        "records?table=request          | !There is no table request, did you mean requests?.",
        "records?since=soon             | !since: must be a time such as",
        "records?limit=0                | !limit: must be a whole number from 1 to 10000 (was 0).",
        "records?limit=10001            | !limit: must be a whole number",
        "records/facets?field=id        | !The values of id in requests cannot be counted",
        "records/facets?limit=101       | !limit: must be a whole number from 1 to 100",
      })
  void conditionsBecomeSqlOrProblems(String path, String part) {
    outcome = NONE;
    String encoded = path.replace(">", URLEncoder.encode(">", StandardCharsets.UTF_8));
    HttpResponse<String> answer = send("GET", "/api/v1/" + encoded, "", "", "");
    if (part.startsWith("!")) {
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains(part.substring(1));
      assertThat(asked).isEmpty();
    } else {
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(asked.getLast()).contains(part);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POST, query, viewer-token-0001, 403",
    "POST, query, analyst-token-001, 200",
    "POST, query, operator-token-01, 200",
    "POST, query, '', 401",
    "GET, records, viewer-token-0001, 200",
    "GET, records/facets, viewer-token-0001, 200",
    "GET, records, '', 401",
  })
  void sqlNeedsAnAnalyst(String method, String path, String token, int status) throws IOException {
    server.close();
    server =
        AdminServer.start(
            new AdminConfig(
                new HostPort("127.0.0.1", 0),
                List.of(
                    new Token("look", Role.VIEWER, new Secret("viewer-token-0001")),
                    new Token("ask", Role.ANALYST, new Secret("analyst-token-001")),
                    new Token("ops", Role.OPERATOR, new Secret("operator-token-01")))),
            instance);
    assertThat(send(method, "/api/v1/" + path, "application/sql", "SELECT 1", token).statusCode())
        .isEqualTo(status);
  }

  private HttpResponse<String> ask(String sql) {
    return send("POST", "/api/v1/query", "application/sql", sql, "");
  }

  private HttpResponse<String> send(
      String method, String path, String type, String body, String token) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.address().getPort() + path));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    if (method.equals("POST")) {
      request.header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString(body));
    }
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(path, e);
    }
  }
}
