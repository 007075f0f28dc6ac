package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an operator may have done with the answers that routes keep. */
final class CacheApi {
  @Doc("What is forgotten.")
  record Forgotten(
      @Doc("The URL whose answers are; null: all of them.") @Nullable String url,
      @Doc("Bytes of memory that what is kept still takes.") long bytes) {}

  private final Instance instance;

  CacheApi(Instance instance) {
    this.instance = instance;
  }

  Endpoint endpoint() {
    return new Endpoint(
        "DELETE",
        "/api/v1/cache",
        Role.OPERATOR,
        "Forgets what this instance keeps of answers (cache of routes), and what is on its way.",
        List.of(
            new Parameter(
                "url",
                "As clients ask for it, with the query, over HTTP or HTTPS; default: everything.",
                false,
                false)),
        Body.NONE,
        Map.of(Api.JSON, Forgotten.class),
        this::forget);
  }

  private Answer forget(Call call) {
    String url = call.query("url");
    String wrong = instance.forgetAnswers(url);
    if (wrong != null) {
      throw Refusal.of(400, wrong);
    }
    instance
        .events()
        .add(
            new Event.Audit(
                call.who(), "had kept answers forgotten: " + (url == null ? "all" : "of " + url)));
    return Answer.json(new Forgotten(url, instance.cacheBytes()));
  }
}
