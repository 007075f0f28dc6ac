package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig.Role;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenApiTest {
  private final FakeInstance instance = FakeInstance.shop(() -> 0);
  private final List<Endpoint> endpoints =
      new Api(instance, new Live(instance, () -> 0), List.of()).endpoints();

  @Test
  void theCommittedDescriptionIsTheOneServed() throws IOException {
    GeneratedDocs.check("docs/openapi.json", Json.pretty(OpenApi.describe(endpoints, "1")));
  }

  @Test
  void everyReferenceLeadsToASchema() {
    Map<String, Object> document = OpenApi.describe(endpoints, "1");
    String text = Json.pretty(document);
    String[] references = text.split("#/components/schemas/", -1);
    assertThat(references.length).isGreaterThan(20);
    for (int i = 1; i < references.length; i++) {
      String name = references[i].substring(0, references[i].indexOf('"'));
      assertThat(text).contains("\"" + name + "\" : {");
    }
  }

  @Test
  void everyChangeNeedsAnOperatorAndAQuestionThatTakesLongAnAnalyst() {
    for (Endpoint endpoint : endpoints) {
      if (List.of("/api/v1/query", "/api/v1/alerts/test").contains(endpoint.path())) {
        assertThat(endpoint.role()).isEqualTo(Role.ANALYST);
        continue;
      }
      if (endpoint.path().equals("/api/v1/session")) {
        assertThat(endpoint.role()).as("whoever has no role may sign out, too").isNull();
        continue;
      }
      assertThat(endpoint.changes())
          .as(endpoint.path())
          .isEqualTo(endpoint.role() == Role.OPERATOR);
    }
  }
}
