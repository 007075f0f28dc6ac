package io.fairlead.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Plays the corpus against Fairlead and other servers that have the same zone, and writes what each
 * makes of it. Arguments: the file to write, then NAME=VERSION=PORT for each server.
 */
final class DnsPeersMain {
  private static final String OK = "✓";
  private static final String SOFT = "~";
  private static final String FAIL = "✗";

  private DnsPeersMain() {}

  public static void main(String[] args) throws IOException {
    List<Corpus.Case> cases = Corpus.read();
    Map<String, List<String>> marks = new LinkedHashMap<>();
    Map<String, int[]> sums = new LinkedHashMap<>();
    List<String> versions = new ArrayList<>();
    try (TestServer server = TestServer.start(ConformanceTest.ZONE)) {
      play("Fairlead", server.address(), cases, marks, sums);
      for (String peer : args) {
        String[] parts = peer.split("=", 3);
        if (parts.length == 3) {
          versions.add(parts[0] + " " + parts[1]);
          play(
              parts[0],
              new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(parts[2])),
              cases,
              marks,
              sums);
        }
      }
    }
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # What name servers answer, case by case

        Made by `make dns-peers` with the cases of `src/test/resources/dns`, whose README.md says how to
        read them: ✓ as it must be, ~ otherwise but not wrong, ✗ wrong. A case that is sent in several
        ways is as good as the worst. Not every server has everything: without client subnets or cookies
        there is nothing about them to refuse. gdnsd has the zone without DS and without an alias of a
        name that is not there, which it does not take. What is right is what we read in the standards,
        so our own column says that we do what we say, and the others how usual that is.

        """);
    text.append("Beside Fairlead: ").append(String.join(", ", versions)).append(".\n\n");
    text.append("| server | ✓ | ~ | ✗ |\n|---|---|---|---|\n");
    sums.forEach((name, sum) ->
        text.append("| %s | %d | %d | %d |%n".formatted(name, sum[0], sum[1], sum[2])));
    text.append("\n| group | case | ").append(String.join(" | ", marks.keySet())).append(" |\n");
    text.append("|---|---|").append("---|".repeat(marks.size())).append('\n');
    for (int i = 0; i < cases.size(); i++) {
      Corpus.Case each = cases.get(i);
      text.append("| ").append(each.group()).append(" | ").append(each.name());
      text.append(each.about().isEmpty() ? "" : ": " + each.about());
      for (List<String> column : marks.values()) {
        text.append(" | ").append(column.get(i));
      }
      text.append(" |\n");
    }
    Files.writeString(Path.of(args[0]), text);
  }

  private static void play(
      String name,
      InetSocketAddress server,
      List<Corpus.Case> cases,
      Map<String, List<String>> marks,
      Map<String, int[]> sums)
      throws IOException {
    List<String> column = new ArrayList<>();
    int[] sum = new int[3];
    Asker asker = new Asker(server, 1000);
    for (Corpus.Case each : cases) {
      int worst = 0;
      for (String via : each.via()) {
        byte[] answer = asker.ask(via, each.question());
        String objection = Corpus.objection(each.expect(), each.question(), answer);
        int grade = objection == null ? 0 : isSoft(each, answer) ? 1 : 2;
        if (grade == 2) {
          System.out.println(name + " " + each.name() + " by " + via + ": " + objection);
        }
        worst = Math.max(worst, grade);
      }
      sum[worst]++;
      column.add(worst == 0 ? OK : worst == 1 ? SOFT : FAIL);
    }
    marks.put(name, column);
    sums.put(name, sum);
  }

  private static boolean isSoft(Corpus.Case each, byte @Nullable [] answer) {
    return each.soft().stream()
        .anyMatch(words -> Corpus.objection(words, each.question(), answer) == null);
  }
}
