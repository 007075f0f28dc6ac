// Runs before the page is drawn, so that a chosen theme does not flash the other one first.
document.documentElement.dataset.theme = localStorage.getItem('fairlead-theme') || 'auto';
