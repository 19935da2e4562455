// The filters of the list: a choice counts at once, and what is empty stays out of the address.

export function enableFilters() {
  const form = document.getElementById("filters");
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, [type=date]")) form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      const usual = name === "order_by" && value === "received_at desc";
      if (value === "" || usual) event.formData.delete(name);
    }
  });
  // A menu closes when somebody does something else.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
    }
  });
}
