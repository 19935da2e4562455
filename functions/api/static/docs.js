const place = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: false, // its links stand inside buttons, where keyboards don't reach them well
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Without this Swagger asks a server of its makers whether the description is valid.
  validatorUrl: null,
  onComplete: () => {
    // They stand below an h1.
    for (const title of place.querySelectorAll("h3, .models > h4")) title.setAttribute("aria-level", "2");
  },
});

// Swagger's own dark colours, where the page's are.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  const root = document.documentElement;
  root.classList.toggle("dark-mode", (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark");
};
dark.addEventListener("change", follow);
follow();
