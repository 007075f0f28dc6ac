package io.fairlead.health;

import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.config.RedisProbe;
import io.fairlead.config.RedisProbe.Role;
import io.fairlead.config.Secret;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With the real server, and with some that are none. */
@Timeout(60)
class RedisProberTest {
  private static final String PASSWORD = "hunter22222";

  @Test
  void knowsRolesAndPasswords(@TempDir Path folder) throws Exception {
    try (Server master = redis(folder, "master");
        Server replica = redis(folder, "replica", "--replicaof", "127.0.0.1 " + master.port)) {
      assertThat(said(probe("", Role.ANY), 5000, master.port)).isEqualTo("answered NOAUTH to PING");
      assertThat(said(probe("not " + PASSWORD, Role.ANY), 5000, master.port))
          .isEqualTo("answered WRONGPASS to AUTH");
      assertThat(said(probe(PASSWORD, Role.ANY), 5000, master.port)).isEqualTo("passed");
      assertThat(said(probe(PASSWORD, Role.MASTER), 5000, master.port)).isEqualTo("passed");
      assertThat(said(probe(PASSWORD, Role.REPLICA), 5000, master.port))
          .isEqualTo("is a master (ROLE), wanted replica");
      Server _ =
          replica.await(
              () -> said(probe(PASSWORD, Role.REPLICA), 5000, replica.port).equals("passed"));
      assertThat(said(probe(PASSWORD, Role.MASTER), 5000, replica.port))
          .isEqualTo("is a replica (ROLE), wanted master");
      master.stop();
      Server _ =
          replica.await(() ->
              said(probe(PASSWORD, Role.REPLICA), 5000, replica.port)
                  .equals("its link to its master is not up (ROLE)"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'+PONG\r\n*2\r\n$6\r\nmaster\r\n:0\r\n'          | passed",
        "'+PONG\r\n*1\r\n$8\r\nsentinel\r\n'              | is a sentinel (ROLE), wanted master",
        "'-LOADING Redis is loading the dataset\r\n'      | answered LOADING to PING",
        "'-oh no\r\n'                                     | answered with an error to PING",
        "'+PONG\r\n*0\r\n'                                | does not speak the protocol of Redis",
        "'+PONG\r\n*999999\r\n'                           | does not speak the protocol of Redis",
        "'+PONG\r\n$99999\r\n'                            | does not speak the protocol of Redis",
        "'HTTP/1.1 400 Bad Request\r\n'                   | does not speak the protocol of Redis",
        "'+PONG\r\n*2\r\n$6\r\nmas' | connection closed in the middle of the conversation",
        "''                         | connection closed in the middle of the conversation",
      })
  void answers(String answer, String said) throws Exception {
    assertThat(said(probe("", Role.MASTER), 5000, node -> send(node, answer))).isEqualTo(said);
  }

  @Test
  void silenceAndFloodsEnd() throws Exception {
    assertThat(said(probe("", Role.ANY), 200, SpokenNode::awaitClose))
        .isEqualTo("no answer within 200 ms");
    assertThat(
            said(
                probe("", Role.ANY),
                5000,
                node -> {
                  while (true) {
                    node.getOutputStream().write("*1\r\n".getBytes(US_ASCII));
                  }
                }))
        .isEqualTo("does not speak the protocol of Redis");
  }

  private static RedisProbe probe(String password, Role role) {
    return new RedisProbe("", new Secret(password), role);
  }

  private static Server redis(Path folder, String name, String... more) throws Exception {
    int port = FreePort.any();
    List<String> command =
        new ArrayList<>(
            List.of(
                "redis-server",
                "--port",
                "" + port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString(),
                "--requirepass",
                PASSWORD,
                "--masterauth",
                PASSWORD,
                "--repl-diskless-sync-delay",
                "0"));
    command.addAll(List.of(more));
    return Server.start(port, folder.resolve(name + ".log"), command)
        .await(() -> said(probe(PASSWORD, Role.ANY), 1000, port).equals("passed"));
  }
}
