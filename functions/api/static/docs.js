const place = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Without this Swagger asks a server of its makers whether the description is valid.
  validatorUrl: null,
});

// Swagger's own dark colours, where the page's are.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  const root = document.documentElement;
  root.classList.toggle("dark-mode", (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark");
};
dark.addEventListener("change", follow);
follow();
