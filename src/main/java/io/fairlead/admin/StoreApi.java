package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.group.GroupException;
import io.fairlead.group.Store;
import io.fairlead.group.Store.Condition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The store by HTTP: a key is a resource, its revision the entity tag, and conditional requests
 * (RFC 9110, 13) are compare-and-set. What is in it may be as private as what requests carry, so
 * that reading it takes the role that reading records takes.
 */
final class StoreApi {
  private static final String KEY = "/api/v1/kv/{key}";
  private static final int LISTED = 1000;

  /** Bytes of values in one list: whoever wants more asks again. */
  private static final int LISTED_BYTES = 4 << 20;

  private static final Duration MAX_TTL = Duration.ofDays(7);

  private final Instance instance;

  StoreApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint(
            "GET",
            "/api/v1/kv",
            Role.ANALYST,
            "Keys of the store in order; as server-sent events, their changes while they happen.",
            List.of(
                new Parameter("prefix", "What keys begin with; default all.", false, false),
                new Parameter("after", "Only keys behind this one.", false, false),
                new Parameter("limit", "So many at most; default and most 1000.", false, false),
                new Parameter("values", "true: with their values.", false, false)),
            Body.NONE,
            Map.of(Api.JSON, GroupViews.Keys.class, "text/event-stream", GroupViews.KeyView.class),
            this::list),
        new Endpoint(
            "GET",
            KEY,
            Role.ANALYST,
            "The value of a key, with its revision as ETag; a slash in the key is written %2F.",
            List.of(
                new Parameter(
                    "stale",
                    "true: as this instance knows it, without asking a majority.",
                    false,
                    false)),
            Body.NONE,
            Map.of(GroupApi.BYTES, String.class),
            this::get),
        new Endpoint(
            "PUT",
            KEY,
            Role.OPERATOR,
            "Sets a key. If-Match: \"REVISION\" or *; If-None-Match: * where it must not be there;"
                + " 412 if that does not hold.",
            List.of(
                new Parameter(
                    "ttl", "Time after which it ends unless it is put again: 30s.", false, false)),
            Body.BYTES,
            Map.of(Api.JSON, GroupViews.Put.class),
            this::put),
        new Endpoint(
            "DELETE",
            KEY,
            Role.OPERATOR,
            "Deletes a key, under the same conditions.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, GroupViews.Deleted.class),
            this::delete));
  }

  private Store store() {
    return GroupApi.group(instance, "The store").store();
  }

  private Answer get(Call call) {
    Store store = store();
    String key = call.path("key");
    try {
      boolean stale = "true".equals(call.query("stale"));
      Store.Item item = stale ? store.peek(key) : store.get(key);
      if (item == null) {
        throw Refusal.of(404, "There is no key " + key + ".");
      }
      Map<String, String> fields = new TreeMap<>();
      fields.put("ETag", tag(item.revision()));
      Duration ttl = item.ttl();
      if (ttl != null) {
        fields.put("Fairlead-Ttl", ttl.toMillis() / 1e3 + "s");
      }
      return new Answer.Whole(200, GroupApi.BYTES, item.value(), fields);
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
  }

  private Answer put(Call call) {
    Store store = store();
    String key = call.path("key");
    try {
      return switch (store.put(key, call.bytes().array(), ttl(call), condition(call))) {
        case Store.Outcome.Done(long revision) ->
            new Answer.Whole(
                200,
                Api.JSON,
                Json.bytes(new GroupViews.Put(key, revision)),
                Map.of("ETag", tag(revision)));
        case Store.Outcome.Conflict(Store.Item found) -> throw conflict(key, found);
      };
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
  }

  private Answer delete(Call call) {
    Store store = store();
    String key = call.path("key");
    try {
      return switch (store.delete(key, condition(call))) {
        case Store.Outcome.Done _ -> Answer.json(new GroupViews.Deleted(key));
        case Store.Outcome.Conflict(Store.Item found) -> throw conflict(key, found);
      };
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
  }

  private static Refusal conflict(String key, Store.@Nullable Item found) {
    String detail =
        found == null
            ? "There is no key " + key + "; nothing has changed."
            : "The key " + key + " has revision " + found.revision() + "; nothing has changed.";
    return new Refusal(
        Answer.problem(
            Problem.of(412, detail),
            found == null ? Map.of() : Map.of("ETag", tag(found.revision()))),
        detail);
  }

  private static String tag(long revision) {
    return "\"" + revision + "\"";
  }

  private static Condition condition(Call call) {
    String match = call.fields().get("if-match");
    String none = call.fields().get("if-none-match");
    if (match != null && none != null) {
      throw Refusal.of(400, "If-Match and If-None-Match cannot both be given.");
    }
    if (none != null) {
      if (!none.strip().equals("*")) {
        throw Refusal.of(400, "If-None-Match: only * is understood.");
      }
      return new Condition.Absent();
    }
    if (match == null) {
      return new Condition.Always();
    }
    if (match.strip().equals("*")) {
      return new Condition.Present();
    }
    String number = match.strip();
    if (!number.matches("\"[0-9]{1,18}\"")) {
      throw Refusal.of(400, "If-Match: must be one revision in quotes, such as \"42\", or *.");
    }
    return new Condition.Revision(Long.parseLong(number.substring(1, number.length() - 1)));
  }

  private static @Nullable Duration ttl(Call call) {
    String text = call.query("ttl");
    if (text == null) {
      return null;
    }
    Duration ttl = Spans.parse(text);
    if (ttl == null || ttl.toMillis() < 1000 || ttl.compareTo(MAX_TTL) > 0) {
      throw Refusal.of(400, "ttl: must be a time such as 30s, from 1s to 168h (was " + text + ").");
    }
    return ttl;
  }

  private Answer list(Call call) {
    String prefix = text(call, "prefix");
    Store store = store();
    if (call.accept().contains("text/event-stream")) {
      return new Answer.Events(stream(store, prefix));
    }
    String limit = text(call, "limit");
    if (!limit.isEmpty() && !limit.matches("[1-9][0-9]{0,3}")) {
      throw Refusal.of(400, "limit: must be a number from 1 to " + LISTED + ".");
    }
    int most = limit.isEmpty() ? LISTED : Math.min(LISTED, Integer.parseInt(limit));
    boolean values = text(call, "values").equals("true");
    try {
      List<Store.Item> items = store.list(prefix, text(call, "after"), most, LISTED_BYTES);
      return Answer.json(
          new GroupViews.Keys(
              items.stream().map(item -> GroupViews.KeyView.of(item, values)).toList(),
              items.isEmpty() ? null : items.getLast().key()));
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
  }

  private static String text(Call call, String name) {
    String value = call.query(name);
    return value == null ? "" : value;
  }

  private static EventStream stream(Store store, String prefix) {
    return new EventStream(
        EventStream.QUEUED,
        stream -> {
          try {
            Store.Watching watching =
                store.watch(prefix, news -> stream.offer(message(news, prefix)));
            return watching::close;
          } catch (GroupException _) {
            stream.drop();
            return () -> {};
          }
        });
  }

  private static byte[] message(Store.News news, String prefix) {
    return switch (news) {
      case Store.News.Put(Store.Item item) ->
          EventStream.message(
              item.revision(), "put", Json.bytes(GroupViews.KeyView.of(item, true)));
      case Store.News.Deleted(String key) ->
          EventStream.message(null, "delete", Json.bytes(new GroupViews.Deleted(key)));
      case Store.News.Again _ ->
          EventStream.message(null, "again", Json.bytes(new GroupViews.Again(prefix)));
    };
  }
}
