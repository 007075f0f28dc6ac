package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** docs/filters.md is done as it is printed there. */
@Timeout(120)
final class FilterGuideTest {
  private static final Path GUIDE = Path.of("docs/filters.md");

  @TempDir Path folder;

  private static List<String> blocks(String language) throws IOException {
    Matcher block =
        Pattern.compile("(?s)\n```" + language + "\n(.*?)```\n").matcher(Files.readString(GUIDE));
    return block.results().map(found -> found.group(1)).toList();
  }

  @Test
  void theExampleIsTheOneInExamples() throws IOException {
    assertThat(blocks("java"))
        .containsExactly(
            Files.readString(Path.of("examples/filters/Tenants.java")),
            Files.readString(Path.of("examples/filters/Callers.java")));
    assertThat(blocks("yaml")).containsExactly(Files.readString(Path.of("examples/filters.yaml")));
  }

  /** Does what the page says, with a fairlead.jar that has the one package alone. */
  @Test
  void theExampleIsCompiledAndRuns() throws Exception {
    try (OutputStream file = Files.newOutputStream(folder.resolve("fairlead.jar"));
        JarOutputStream jar = new JarOutputStream(file);
        Stream<Path> api = Files.list(ownClasses().resolve("io/fairlead/filter"))) {
      for (Path one : api.toList()) {
        jar.putNextEntry(new JarEntry("io/fairlead/filter/" + one.getFileName()));
        Files.copy(one, jar);
        jar.closeEntry();
      }
    }
    List<String> sources = blocks("java");
    Files.writeString(folder.resolve("Tenants.java"), sources.get(0));
    Files.writeString(folder.resolve("Callers.java"), sources.get(1));
    Tool.Said made =
        Tool.run(
            "",
            "bash",
            "-ec",
            "cd "
                + folder
                + "; export PATH="
                + System.getProperty("java.home")
                + "/bin:$PATH\n"
                + blocks("sh").getFirst());
    assertThat(made.status()).as(made.output()).isZero();
    Files.createDirectories(folder.resolve("filters"));
    Files.copy(Path.of("examples/filters/keys.txt"), folder.resolve("filters/keys.txt"));
    try (RawNode shop = new RawNode();
        RawNode large = new RawNode()) {
      String yaml =
          "admin: { bind: \"127.0.0.1:0\" }\n"
              + blocks("yaml")
                  .getFirst()
                  .replace("0.0.0.0:8080", "127.0.0.1:0")
                  .replace("10.0.0.11:8080", "127.0.0.1:" + shop.port())
                  .replace("10.0.0.12:8080", "127.0.0.1:" + large.port());
      try (Fairlead fairlead = Loopback.start(yaml, folder);
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        Reply reply = get(client, "/", "ann.shop.example", "");
        assertThat(reply.body()).contains("x-tenant: ann\r\n");
        assertThat(reply.field("x-tenant")).isEqualTo("ann");
        assertThat(get(client, "/", "shop.org", "").status()).isEqualTo(404);
        assertThat(get(client, "/", "acme.shop.example", "").status()).isEqualTo(200);
        assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
            .containsPattern("fairlead_node_responses_total\\{service=\"large\",[^}]*2xx\"} 1");
        reply = get(client, "/api/", "ann.shop.example", "");
        assertThat(reply.status()).isEqualTo(401);
        assertThat(reply.field("www-authenticate")).isEqualTo("Key");
        reply = get(client, "/api/", "ann.shop.example", "X-Api-Key: k-456\r\n");
        assertThat(reply.body())
            .contains("x-caller: bob\r\n", "x-tenant: ann\r\n")
            .doesNotContain("k-456");
      }
    }
  }

  private static Reply get(Client client, String path, String host, String fields)
      throws IOException {
    client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
    return client.reply();
  }

  private static Path ownClasses() throws Exception {
    return Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
