import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An incident as the API tells it.
 *
 * @param named fields and values of the first cause; none: nothing is named
 */
record Told(
    String id, boolean open, String kind, String text, long since, Map<String, String> named) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final Map<String, String> LAST = new HashMap<>();

  /** All that are kept, the youngest first; what has changed is written down. */
  static List<Told> all(Shop shop) throws IOException, InterruptedException {
    List<Told> all = ask(shop);
    for (Told each : all.reversed()) {
      String line = each.id + (each.open ? " " : " over ") + each.kind + " " + each.named + ": " + each.text;
      if (!line.equals(LAST.put(each.id, line))) {
        Files.writeString(
            shop.work.resolve("told.log"),
            LocalTime.now(ZoneOffset.UTC) + " " + line + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
    }
    return all;
  }

  private static List<Told> ask(Shop shop) throws IOException, InterruptedException {
    List<Told> all = new ArrayList<>();
    for (JsonNode each : JSON.readTree(shop.get("/api/v1/incidents").body()).get("incidents")) {
      Map<String, String> named = new LinkedHashMap<>();
      if (each.get("causes").size() > 0) {
        each.get("causes")
            .get(0)
            .get("fields")
            .properties()
            .forEach(field -> named.put(field.getKey(), field.getValue().asString()));
      }
      all.add(
          new Told(
              each.get("id").asString(),
              each.get("state").asString().equals("open"),
              each.get("kind").asString(),
              each.get("text").asString(),
              each.get("since").asLong(),
              named));
    }
    return all;
  }

  static boolean isEnough(Shop shop) throws IOException, InterruptedException {
    return JSON.readTree(shop.get("/api/v1/incidents").body()).get("enough").asBoolean();
  }

  /** One goes on until its node has its whole share again, which takes its time. */
  boolean isOfTheWayBack() {
    return kind.equals("node-ejected");
  }
}
